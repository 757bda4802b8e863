-- As past_orders_at_position, for one user: a statement of its own, so that its plan walks the user's index.
-- $1 tenant, $2 position, $3 user id, $4 recorded before this position, $5 status or null, $6 how many rows, $7 how many orders
-- to look at.
SELECT b.from_time AS placed_at, b.from_position AS position, b.order_id, v.version, b.place,
       coalesce(v.status = $5, true) AS shown
FROM (
    SELECT order_id, from_time, from_position, row_number() OVER (ORDER BY from_position DESC) AS place
    FROM order_versions
    WHERE tenant_id = $1 AND version = 1 AND user_id = $3
      AND from_position < $4
    ORDER BY from_position DESC
    LIMIT $7
) b
CROSS JOIN LATERAL (
    SELECT version, status FROM order_versions
    WHERE tenant_id = $1 AND order_id = b.order_id AND from_position <= $2
    ORDER BY version DESC
    LIMIT 1
) v
WHERE $5::text IS NULL OR v.status = $5 OR b.place = $7
ORDER BY b.from_position DESC
LIMIT $6
