-- Orders whose time to be paid is over, by this clock. $1 tenant, $2 at most so many.
-- One row each: order_id, and now, the same for all.
SELECT order_id, clock_timestamp() AS now
FROM expiry_timers
WHERE tenant_id = $1 AND due_at <= clock_timestamp()
ORDER BY due_at
LIMIT $2
