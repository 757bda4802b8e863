-- The dead letters, latest first. $1 tenant, $2 at most so many.
SELECT tenant_id, delivery_id, kind, order_id, status, attempts, last_error, created_at
FROM deliveries
WHERE tenant_id = $1 AND status = 'dead'
ORDER BY created_at DESC
LIMIT $2
