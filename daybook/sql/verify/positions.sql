-- Whether positions are dense: 1 … head, each once (the primary key sees to "once"). $1 tenant.
-- One row: head, events, lowest, highest.
SELECT h.position AS head, e.*
FROM log_heads h
CROSS JOIN LATERAL (
    SELECT count(*) AS events, coalesce(min(position), 1) AS lowest, coalesce(max(position), 0) AS highest
    FROM events
    WHERE tenant_id = $1
) e
WHERE h.tenant_id = $1
