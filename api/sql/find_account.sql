-- An account by mail address. $1 tenant, $2 mail address in lower case.
SELECT account_id, email, password_hash, roles, status FROM accounts WHERE tenant_id = $1 AND email = $2
