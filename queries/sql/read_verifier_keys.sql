-- The keys that a tenant's checkpoints are signed with, the last tree's first. $1 tenant.
SELECT verifier_key FROM seal_origins WHERE tenant_id = $1 ORDER BY number DESC
