-- An account that somebody was invited to; its password, where there is one already, stays.
-- $1 tenant, $2 account id, $3 its stream, $4 mail address, $5 name, $6 roles text[], $7 position, $8 when.
INSERT INTO accounts (tenant_id, account_id, stream_id, email, name, roles, status, position, version, created_at)
VALUES ($1, $2, $3, $4, $5, $6, 'invited', $7, 1, $8)
ON CONFLICT (tenant_id, account_id) DO UPDATE
SET stream_id = excluded.stream_id, email = excluded.email, name = excluded.name, roles = excluded.roles,
    status = excluded.status, position = excluded.position, version = excluded.version, created_at = excluded.created_at
