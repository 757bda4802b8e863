-- Move a checkpoint on, if it is behind. $1 tenant, $2 projection, $3 position.
UPDATE checkpoints SET position = $3, moved_at = now() WHERE tenant_id = $1 AND projection = $2 AND position < $3
