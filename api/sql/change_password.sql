-- Another password. $1 tenant, $2 account id, $3 password hash, $4 the hash that it takes the place of.
UPDATE accounts SET password_hash = $3 WHERE tenant_id = $1 AND account_id = $2 AND password_hash = $4
