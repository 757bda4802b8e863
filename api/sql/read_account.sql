-- An account by id. $1 tenant, $2 account id.
SELECT account_id, email, name, password_hash, roles, status FROM accounts WHERE tenant_id = $1 AND account_id = $2
