-- The beginning of a tile. $1 tenant, $2 origin, $3 level, $4 number, $5 bytes at most.
SELECT substr(hashes, 1, $5)
FROM seal_tiles
WHERE tenant_id = $1 AND origin = $2 AND level = $3 AND number = $4
