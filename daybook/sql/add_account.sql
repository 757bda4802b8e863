-- The row of an account with a password, until the accounts projection has come to it; where there is one, its password.
-- $1 tenant, $2 account id, $3 mail address, $4 password hash, $5 roles text[], $6 name.
INSERT INTO accounts (tenant_id, account_id, email, password_hash, roles, name) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant_id, account_id) DO UPDATE SET password_hash = excluded.password_hash
