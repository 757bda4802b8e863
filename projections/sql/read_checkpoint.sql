-- How far a projection has come; no row before it first ran. $1 tenant, $2 projection.
SELECT position FROM checkpoints WHERE tenant_id = $1 AND projection = $2
