-- Another password, and the end of all the account's sessions but one, which are one change: whoever knew the old password
-- is out. $1 tenant, $2 account id, $3 password hash, $4 the hash that it takes the place of, $5 the session that stays, or
-- null. One row: changed, whether the old hash was still there.
WITH changed AS (
    UPDATE accounts SET password_hash = $3 WHERE tenant_id = $1 AND account_id = $2 AND password_hash = $4
    RETURNING account_id
), ended AS (
    UPDATE sessions s
    SET revoked_at = clock_timestamp()
    FROM changed c
    WHERE s.tenant_id = $1 AND s.account_id = c.account_id AND s.revoked_at IS NULL
        AND s.session_id IS DISTINCT FROM $5::uuid
)
SELECT EXISTS (SELECT FROM changed) AS changed
