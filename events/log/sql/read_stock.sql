-- Units that can be ordered. $1 tenant, $2 product ids uuid[].
SELECT product_id, available FROM stock WHERE tenant_id = $1 AND product_id = ANY ($2::uuid[])
