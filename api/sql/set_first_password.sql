-- The password of one who was invited; only the first one takes. $1 tenant, $2 account id, $3 password hash.
UPDATE accounts SET password_hash = $3 WHERE tenant_id = $1 AND account_id = $2 AND password_hash IS NULL
