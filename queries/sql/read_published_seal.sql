-- The last checkpoint of a tenant's last tree that may be shown; no row while there is none. $1 tenant.
SELECT o.number, o.origin, c.size, c.root, c.note
FROM (SELECT number, origin FROM seal_origins WHERE tenant_id = $1 ORDER BY number DESC LIMIT 1) o
CROSS JOIN LATERAL (
    SELECT size, root, note
    FROM seal_checkpoints
    WHERE tenant_id = $1 AND origin = o.number AND kept
    ORDER BY size DESC
    LIMIT 1
) c
