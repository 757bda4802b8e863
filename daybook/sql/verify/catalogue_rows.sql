-- The catalogue read model. $1 tenant.
SELECT product_id, sku, name, price_cents, currency, version, backorder_limit, available
FROM catalogue WHERE tenant_id = $1
