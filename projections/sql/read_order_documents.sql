-- What lists show of some orders. $1 tenant, $2 order ids uuid[].
SELECT order_id, document FROM order_list WHERE tenant_id = $1 AND order_id = ANY ($2::uuid[])
