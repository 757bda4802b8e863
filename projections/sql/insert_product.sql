-- A product that was added. $1 tenant, $2 product id, $3 sku, $4 name, $5 price, $6 currency, $7 version.
INSERT INTO catalogue (tenant_id, product_id, sku, name, price_cents, currency, version)
VALUES ($1, $2, $3, $4, $5, $6, $7)
