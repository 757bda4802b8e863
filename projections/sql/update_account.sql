-- An account that changed. $1 tenant, $2 its stream, $3 version, $4 roles text[] or null, $5 status or null; 'enabled'
-- stands for what it was before it was disabled. One row: account_id.
UPDATE accounts
SET version = $3,
    roles = coalesce($4, roles),
    status = CASE
        WHEN $5::text IS NULL THEN status
        WHEN $5 <> 'enabled' THEN $5
        WHEN password_hash IS NULL THEN 'invited'
        ELSE 'active'
    END
WHERE tenant_id = $1 AND stream_id = $2
RETURNING account_id
