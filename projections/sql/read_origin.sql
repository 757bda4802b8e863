-- The tree of a tenant that grows; no row before the first was begun. $1 tenant.
SELECT number, origin, verifier_key, reason, opened_at FROM seal_origins WHERE tenant_id = $1 ORDER BY number DESC LIMIT 1
