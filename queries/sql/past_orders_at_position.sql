-- The orders that the log had at a position, the last recorded first, each in the version it had then.
-- $1 tenant, $2 position, $3 null (everyone's), $4 recorded before this position, $5 status or null, $6 how many rows, $7 how
-- many orders to look at.
-- The last order looked at is a row in any case, so that it is known where to go on: `place` is $7, and `shown` false where it
-- was not in the status.
SELECT b.from_time AS placed_at, b.from_position AS position, b.order_id, v.version, b.place,
       coalesce(v.status = $5, true) AS shown
FROM (
    SELECT order_id, from_time, from_position, row_number() OVER (ORDER BY from_position DESC) AS place
    FROM order_versions
    WHERE tenant_id = $1 AND version = 1 AND $3::uuid IS NULL
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
