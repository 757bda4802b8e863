-- End all sessions of an account. $1 tenant, $2 account id.
UPDATE sessions SET revoked_at = clock_timestamp() WHERE tenant_id = $1 AND account_id = $2 AND revoked_at IS NULL
