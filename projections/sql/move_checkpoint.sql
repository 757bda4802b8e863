-- Move a checkpoint from the value that was read, and from no other. $1 tenant, $2 projection, $3 old, $4 new.
UPDATE checkpoints SET position = $4, moved_at = now() WHERE tenant_id = $1 AND projection = $2 AND position = $3
