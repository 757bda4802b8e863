-- The last checkpoint of a tenant's last tree that may be shown and covers nothing after a position; no row while there
-- is none. $1 tenant, $2 the position.
SELECT o.number, c.size, c.note
FROM (SELECT number FROM seal_origins WHERE tenant_id = $1 ORDER BY number DESC LIMIT 1) o
CROSS JOIN LATERAL (
    SELECT size, note
    FROM seal_checkpoints
    WHERE tenant_id = $1 AND origin = o.number AND kept AND size <= $2
    ORDER BY size DESC
    LIMIT 1
) c
