-- What was sold in all, a row for each product or customer and currency, by their id.
-- $1 tenant, $2 'product' or 'customer', $3 and $4 the id and currency after which the page starts, $5 how many.
SELECT key, currency, orders, units, gross_cents, discount_cents, shipping_cents, cancelled_units, cancelled_cents,
       returned_units, returned_cents, refunded_cents
FROM sales
WHERE tenant_id = $1 AND dimension = $2 AND day = '-infinity'
  AND (key, currency) > ($3::uuid, $4::text)
ORDER BY key, currency
LIMIT $5
