-- The guarded quantities, counted again. $1 tenant, $2 products, $3 units of each.
INSERT INTO stock (tenant_id, product_id, available)
SELECT $1, product_id, available FROM unnest($2::uuid[], $3::bigint[]) AS counted (product_id, available)
