-- End a session. $1 tenant, $2 session id.
UPDATE sessions SET revoked_at = clock_timestamp() WHERE tenant_id = $1 AND session_id = $2 AND revoked_at IS NULL
