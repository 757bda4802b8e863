-- A new session with its first refresh token. $1 tenant, $2 session id, $3 account id, $4 SHA-256 of the token,
-- $5 idle lifetime (interval).
INSERT INTO sessions (tenant_id, session_id, account_id, token_hash, expires_at)
VALUES ($1, $2, $3, $4, clock_timestamp() + $5::interval)
