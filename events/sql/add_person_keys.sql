-- Keys for persons who have none yet. $1 tenant, $2 person ids uuid[], $3 wrapped keys bytea[] (parallel).
INSERT INTO person_keys (tenant_id, person_id, wrapped)
SELECT $1, p.person_id, p.wrapped
FROM unnest($2::uuid[], $3::bytea[]) AS p (person_id, wrapped)
ORDER BY p.person_id
ON CONFLICT DO NOTHING
