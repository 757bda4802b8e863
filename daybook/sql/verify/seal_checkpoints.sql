-- The checkpoints of a tree. $1 tenant, $2 origin.
SELECT size, root, note FROM seal_checkpoints WHERE tenant_id = $1 AND origin = $2 ORDER BY size
