-- The last attempt failed, or none can succeed: a dead letter. Only for whoever still holds the lease.
-- $1 tenant, $2 delivery, $3 the lease's end, $4 error.
UPDATE deliveries
SET status = 'dead', last_error = $4, finished_at = now()
WHERE tenant_id = $1 AND delivery_id = $2 AND status = 'leased' AND due_at = $3
