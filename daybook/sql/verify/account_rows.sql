-- The accounts that the read model has from the log. $1 tenant.
-- One row an account: account_id, stream_id, email, name, roles, status, position, version.
SELECT account_id, stream_id, email, name, roles, status, position, version
FROM accounts
WHERE tenant_id = $1 AND position IS NOT NULL
