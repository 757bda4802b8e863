-- What was sold on some days, a row for each product or customer and currency, by their id: summed from a row a day.
-- $1 tenant, $2 'product' or 'customer', $3 and $4 the id and currency after which the page starts, $5 how many,
-- $6 the first day, $7 the day after the last.
SELECT key, currency, sum(orders)::bigint AS orders, sum(units) AS units, sum(gross_cents) AS gross_cents,
       sum(discount_cents) AS discount_cents, sum(shipping_cents) AS shipping_cents,
       sum(cancelled_units) AS cancelled_units, sum(cancelled_cents) AS cancelled_cents,
       sum(returned_units) AS returned_units, sum(returned_cents) AS returned_cents, sum(refunded_cents) AS refunded_cents
FROM sales
WHERE tenant_id = $1 AND dimension = $2 AND day >= $6::date AND day < $7::date
  AND (key, currency) > ($3::uuid, $4::text)
GROUP BY key, currency
ORDER BY key, currency
LIMIT $5
