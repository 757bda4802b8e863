-- Deliveries that are not done, by status, through the partial indexes. $1 tenant.
SELECT status, count(*) AS deliveries FROM deliveries
WHERE tenant_id = $1 AND status IN ('pending', 'leased')
GROUP BY status
UNION ALL
SELECT 'dead', count(*) FROM deliveries WHERE tenant_id = $1 AND status = 'dead'
