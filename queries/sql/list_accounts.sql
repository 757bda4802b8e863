-- A page of accounts. $1 tenant, $2 the position after which it starts, $3 at most so many.
SELECT account_id, email, name, roles, status, version, created_at, position
FROM accounts
WHERE tenant_id = $1 AND position > $2
ORDER BY position
LIMIT $3
