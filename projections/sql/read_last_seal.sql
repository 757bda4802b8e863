-- The last checkpoint of a tree, and the size of the last one that is kept outside; no row for a tree without any.
-- $1 tenant, $2 origin.
SELECT size, root, note, kept,
       (SELECT max(k.size) FROM seal_checkpoints k WHERE k.tenant_id = $1 AND k.origin = $2 AND k.kept) AS kept_size
FROM seal_checkpoints
WHERE tenant_id = $1 AND origin = $2
ORDER BY size DESC
LIMIT 1
