-- Some tiles of a tree. $1 tenant, $2 origin, $3 levels smallint[], $4 numbers bigint[] (parallel).
SELECT t.level, t.number, t.hashes
FROM unnest($3::smallint[], $4::bigint[]) AS wanted (level, number)
CROSS JOIN LATERAL (
    SELECT level, number, hashes
    FROM seal_tiles
    WHERE tenant_id = $1 AND origin = $2 AND level = wanted.level AND number = wanted.number
    LIMIT 1
) t
