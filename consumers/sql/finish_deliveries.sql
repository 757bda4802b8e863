-- They are done, and the log says so. $1 tenant, $2 deliveries uuid[].
UPDATE deliveries
SET status = 'done', finished_at = now()
WHERE tenant_id = $1 AND delivery_id = ANY ($2) AND status <> 'done'
