-- How far a projection has come, and by which version of it; no row before it first ran. $1 tenant, $2 projection.
SELECT position, version FROM checkpoints WHERE tenant_id = $1 AND projection = $2
