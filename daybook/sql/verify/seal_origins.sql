-- The trees that were begun, and how far each is sealed (0: not at all). $1 tenant.
SELECT o.number, o.origin, o.verifier_key, o.reason, coalesce(c.size, 0) AS size
FROM seal_origins o
LEFT JOIN LATERAL (
    SELECT max(size) AS size FROM seal_checkpoints WHERE tenant_id = $1 AND origin = o.number
) c ON true
WHERE o.tenant_id = $1
ORDER BY o.number
