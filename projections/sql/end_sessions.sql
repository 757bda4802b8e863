-- End the sessions that an account had when it was disabled. $1 tenant, $2 account id, $3 when. A login that was under way
-- may have begun its session a moment later; applied again, it leaves alone what began since.
UPDATE sessions SET revoked_at = clock_timestamp()
WHERE tenant_id = $1 AND account_id = $2 AND revoked_at IS NULL AND created_at <= $3::timestamptz + interval '5 seconds'
