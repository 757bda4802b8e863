-- Wrap persons' keys anew, where they are still as they were read: one that was taken away meanwhile stays so.
-- $1 tenant, then parallel arrays: $2 person ids, $3 wrapped keys as they were read, $4 the same keys, wrapped anew.
UPDATE person_keys k
SET wrapped = n.wrapped
FROM unnest($2::uuid[], $3::bytea[], $4::bytea[]) AS n (person_id, was, wrapped)
WHERE k.tenant_id = $1 AND k.person_id = n.person_id AND k.wrapped = n.was
