-- The catalogue read model. $1 tenant.
SELECT product_id, sku, name, price_cents, currency, version, available FROM catalogue WHERE tenant_id = $1
