-- An attempt failed: try again later. Only for whoever still holds the lease.
-- $1 tenant, $2 delivery, $3 the lease's end, $4 error, $5 seconds until it is due.
UPDATE deliveries
SET status = 'pending', last_error = $4, due_at = clock_timestamp() + make_interval(secs => $5)
WHERE tenant_id = $1 AND delivery_id = $2 AND status = 'leased' AND due_at = $3
