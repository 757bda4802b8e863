-- The latest deliveries, for an operator, who may scan. $1 tenant, $2 at most so many.
SELECT tenant_id, delivery_id, kind, order_id, status, attempts, last_error, created_at
FROM deliveries
WHERE tenant_id = $1
ORDER BY created_at DESC, delivery_id
LIMIT $2
