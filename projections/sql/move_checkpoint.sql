-- Move a checkpoint from the value that was read, and from no other; and not when a later version made the rows.
-- $1 tenant, $2 projection, $3 old, $4 new, $5 version. One row where it moved: whether streams of it are parked.
UPDATE checkpoints SET position = $4, moved_at = now()
WHERE tenant_id = $1 AND projection = $2 AND position = $3 AND version <= $5
RETURNING EXISTS (SELECT FROM parked_events WHERE tenant_id = $1 AND projection = $2)
