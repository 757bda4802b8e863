-- A new session with its first refresh token, if the account is still what it was when its password was asked for.
-- The account's row is held meanwhile: who disables it, or gives it another password, comes before, and no session begins;
-- or after, and finds this one to end. $1 tenant, $2 session id, $3 account id, $4 SHA-256 of the token, $5 idle lifetime
-- (interval), $6 the password hash that was matched.
INSERT INTO sessions (tenant_id, session_id, account_id, token_hash, expires_at)
SELECT $1, $2, a.account_id, $4, clock_timestamp() + $5::interval
FROM accounts a
WHERE a.tenant_id = $1 AND a.account_id = $3 AND a.status <> 'disabled' AND a.password_hash = $6
FOR SHARE OF a
