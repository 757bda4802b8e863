-- Forget a checkpoint, and what is parked. $1 tenant, $2 projection.
WITH parked AS (
    DELETE FROM parked_events WHERE tenant_id = $1 AND projection = $2
)
DELETE FROM checkpoints WHERE tenant_id = $1 AND projection = $2
