-- Tiles that are new or have grown. $1 tenant, $2 origin, $3 levels smallint[], $4 numbers bigint[], $5 hashes bytea[]
-- (parallel).
INSERT INTO seal_tiles (tenant_id, origin, level, number, hashes)
SELECT $1, $2, t.level, t.number, t.hashes
FROM unnest($3::smallint[], $4::bigint[], $5::bytea[]) AS t (level, number, hashes)
ON CONFLICT (tenant_id, origin, level, number) DO UPDATE SET hashes = EXCLUDED.hashes
