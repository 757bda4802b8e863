-- An account, unless there is one with this mail address. $1 tenant, $2 account id, $3 mail address, $4 password hash,
-- $5 roles text[].
INSERT INTO accounts (tenant_id, account_id, email, password_hash, roles) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
