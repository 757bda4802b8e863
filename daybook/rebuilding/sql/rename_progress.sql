-- Give a checkpoint, and what is parked, to another name. $1 tenant, $2 from, $3 to.
WITH parked AS (
    UPDATE parked_events SET projection = $3 WHERE tenant_id = $1 AND projection = $2
)
UPDATE checkpoints SET projection = $3 WHERE tenant_id = $1 AND projection = $2
