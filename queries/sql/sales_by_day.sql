-- What was sold, a row for each day and currency, the oldest first.
-- $1 tenant, $2 and $3 the day and currency after which the page starts (before the first: the day, and ''), $4 the day after
-- the last, $5 how many.
SELECT day, currency, orders, units, gross_cents, discount_cents, shipping_cents, cancelled_units, cancelled_cents,
       returned_units, returned_cents, refunded_cents
FROM sales
WHERE tenant_id = $1 AND dimension = 'day'
  AND (day, key, currency) > ($2::date, '00000000-0000-0000-0000-000000000000'::uuid, $3::text)
  AND day < $4::date
ORDER BY day, key, currency
LIMIT $5
