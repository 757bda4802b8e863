-- A position that was the last of the log at a moment by the database's clock: it was recorded by then, and the next one was
-- not, or is not there; 0 for none. Where that clock has stepped back there are several; the same is found each time.
-- $1 tenant, $2 moment.
WITH RECURSIVE search (position, step) AS (
    SELECT 0::bigint, 1::bigint << 40
    UNION ALL
    SELECT CASE WHEN e.recorded_at <= $2 THEN s.position + s.step ELSE s.position END, s.step / 2
    FROM search s
    LEFT JOIN LATERAL (
        SELECT recorded_at FROM events WHERE tenant_id = $1 AND position = s.position + s.step LIMIT 1
    ) e ON true
    WHERE s.step > 0
)
SELECT max(position) FROM search
