-- The catalogue read model, a text a row, by product id. $1 tenant.
SELECT jsonb_build_array(product_id, sku, name, price_cents, currency, version, backorder_limit, available)::text
FROM catalogue
WHERE tenant_id = $1
ORDER BY product_id
