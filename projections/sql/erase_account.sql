-- An account without what it tells of its person, and without the password. $1 tenant, $2 account id, $3 in place of the
-- mail address, $4 in place of the name.
UPDATE accounts SET email = $3, name = $4, password_hash = NULL WHERE tenant_id = $1 AND account_id = $2
