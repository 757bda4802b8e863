-- The guarded quantities. $1 tenant.
SELECT product_id, available FROM stock WHERE tenant_id = $1
