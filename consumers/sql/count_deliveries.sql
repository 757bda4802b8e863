-- How many deliveries are not done, by status. The many that are done are in neither index, and are not looked at.
-- $1 tenant. One row a status of which there are any: status ('pending', 'leased', 'dead'), deliveries.
SELECT status, count(*) AS deliveries
FROM deliveries
WHERE tenant_id = $1 AND status IN ('pending', 'leased')
GROUP BY status
UNION ALL
SELECT 'dead', count(*)
FROM deliveries
WHERE tenant_id = $1 AND status = 'dead'
HAVING count(*) > 0
