-- A witness has signed a checkpoint, too. $1 tenant, $2 origin, $3 size, $4 its signature line.
UPDATE seal_checkpoints
SET note = note || $4
WHERE tenant_id = $1 AND origin = $2 AND size = $3 AND strpos(note, $4) = 0
