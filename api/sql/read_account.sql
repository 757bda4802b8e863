-- An account by id. $1 tenant, $2 account id.
SELECT account_id, email, roles FROM accounts WHERE tenant_id = $1 AND account_id = $2
