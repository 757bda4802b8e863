-- Try dead letters again, from the first attempt on. $1 tenant, $2 deliveries uuid[], or null for all of them.
-- One row a delivery that was dead: delivery_id.
UPDATE deliveries
SET status = 'pending', attempts = 0, due_at = now(), finished_at = NULL
WHERE tenant_id = $1 AND status = 'dead' AND ($2::uuid[] IS NULL OR delivery_id = ANY ($2))
RETURNING delivery_id
