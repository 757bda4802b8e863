-- The guarded quantities, a text a row, by product id; what is zero may as well have no row. $1 tenant.
SELECT jsonb_build_array(product_id, available)::text
FROM stock
WHERE tenant_id = $1 AND available <> 0
ORDER BY product_id
