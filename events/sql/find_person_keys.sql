-- The wrapped keys of persons, as far as they exist. $1 tenant, $2 person ids uuid[].
SELECT person_id, wrapped FROM person_keys WHERE tenant_id = $1 AND person_id = ANY ($2::uuid[])
