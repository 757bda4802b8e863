-- Persons' keys in the order of their persons. $1 tenant, $2 after this person, $3 at most so many.
SELECT person_id, wrapped FROM person_keys
WHERE tenant_id = $1 AND person_id > $2 AND wrapped IS NOT NULL
ORDER BY person_id
LIMIT $3
