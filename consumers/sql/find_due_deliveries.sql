-- What is due, oldest first: waiting, or held by a lease that has run out.
-- $1 tenant, $2 seconds for which it must have been due, $3 at most so many.
SELECT delivery_id
FROM deliveries
WHERE tenant_id = $1 AND status IN ('pending', 'leased') AND due_at <= now() - make_interval(secs => $2)
ORDER BY due_at
LIMIT $3
