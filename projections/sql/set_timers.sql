-- Start, stop or drop timers, where these orders have one. $1 tenant, $2 order ids uuid[], $3 whether each runs boolean[]
-- (parallel; null: it is dropped).
WITH told AS (
    SELECT * FROM unnest($2::uuid[], $3::boolean[]) AS t (order_id, runs)
), dropped AS (
    DELETE FROM expiry_timers e USING told t
    WHERE e.tenant_id = $1 AND e.order_id = t.order_id AND t.runs IS NULL
)
UPDATE expiry_timers e
SET due_at = CASE WHEN t.runs THEN e.expires_at END
FROM told t
WHERE e.tenant_id = $1 AND e.order_id = t.order_id AND t.runs IS NOT NULL
