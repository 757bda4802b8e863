-- How far a projection has come, whether an event at or before a position is parked, and where the log ends.
-- $1 tenant, $2 projection, $3 position.
SELECT coalesce((SELECT position FROM checkpoints WHERE tenant_id = $1 AND projection = $2), 0) AS position,
       EXISTS (
           SELECT FROM parked_events WHERE tenant_id = $1 AND projection = $2 AND position <= $3
       ) AS parked,
       coalesce((SELECT position FROM log_heads WHERE tenant_id = $1), 0) AS head
