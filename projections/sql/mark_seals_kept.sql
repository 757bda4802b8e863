-- Checkpoints of a tree are kept outside, up to a size. $1 tenant, $2 origin, $3 size.
UPDATE seal_checkpoints SET kept = true WHERE tenant_id = $1 AND origin = $2 AND size <= $3 AND NOT kept
