-- Orders whose time to be paid is over, by this clock. $1 tenant, $2 at most so many, $3 and $4 due time and id of the
-- last one of the page before (or null).
-- One row each: order_id, due_at, and now, the same for all.
SELECT order_id, due_at, clock_timestamp() AS now
FROM expiry_timers
WHERE tenant_id = $1 AND due_at <= clock_timestamp()
  AND ($3::timestamptz IS NULL OR (due_at, order_id) > ($3, $4::uuid))
ORDER BY due_at, order_id
LIMIT $2
