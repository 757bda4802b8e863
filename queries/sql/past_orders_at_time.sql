-- The orders that had been placed at a business time, the newest first, each in the version it had then.
-- $1 tenant, $2 time, $3 null (everyone's), $4 and $5 placed before this time and position, $6 status or null, $7 how many
-- rows, $8 how many orders to look at. Rows as of past_orders_at_position.
SELECT b.from_time AS placed_at, b.from_position AS position, b.order_id, v.version, b.place,
       coalesce(v.status = $6, true) AS shown
FROM (
    SELECT order_id, from_time, from_position, row_number() OVER (ORDER BY from_time DESC, from_position DESC) AS place
    FROM order_versions
    WHERE tenant_id = $1 AND version = 1 AND $3::uuid IS NULL
      AND (from_time, from_position) < ($4, $5::bigint)
    ORDER BY from_time DESC, from_position DESC
    LIMIT $8
) b
CROSS JOIN LATERAL (
    SELECT version, status FROM order_versions
    WHERE tenant_id = $1 AND order_id = b.order_id AND from_time <= $2
    ORDER BY version DESC
    LIMIT 1
) v
WHERE $6::text IS NULL OR v.status = $6 OR b.place = $8
ORDER BY b.from_time DESC, b.from_position DESC
LIMIT $7
