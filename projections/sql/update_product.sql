-- A product that changed. $1 tenant, $2 product id, $3 version, $4 name, $5 price, $6 backorder limit: null stays as it is.
UPDATE catalogue
SET version = $3, name = coalesce($4, name), price_cents = coalesce($5, price_cents),
    backorder_limit = coalesce($6, backorder_limit)
WHERE tenant_id = $1 AND product_id = $2
