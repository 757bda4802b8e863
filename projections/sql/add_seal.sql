-- A signed checkpoint, which is not kept outside yet. $1 tenant, $2 origin, $3 size, $4 root, $5 note.
INSERT INTO seal_checkpoints (tenant_id, origin, size, root, note) VALUES ($1, $2, $3, $4, $5)
