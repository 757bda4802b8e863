-- Tiles that a tree of this size does not have. $1 tenant, $2 origin, $3 size.
SELECT level, number
FROM seal_tiles
WHERE tenant_id = $1 AND origin = $2 AND (level > 7 OR number >= (($3::bigint >> (8 * level)) + 255) / 256)
ORDER BY level, number
