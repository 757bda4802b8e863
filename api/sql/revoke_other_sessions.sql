-- End an account's sessions but one. $1 tenant, $2 account id, $3 the session id that stays, or null.
UPDATE sessions SET revoked_at = clock_timestamp()
WHERE tenant_id = $1 AND account_id = $2 AND revoked_at IS NULL AND session_id IS DISTINCT FROM $3
