-- Trees that nobody began, and of which there are tiles or checkpoints. $1 tenant.
SELECT s.origin
FROM (
    SELECT origin FROM seal_tiles WHERE tenant_id = $1
    UNION
    SELECT origin FROM seal_checkpoints WHERE tenant_id = $1
) s
WHERE NOT EXISTS (SELECT FROM seal_origins o WHERE o.tenant_id = $1 AND o.number = s.origin)
ORDER BY s.origin
