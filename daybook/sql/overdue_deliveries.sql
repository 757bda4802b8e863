-- How many deliveries have been due for so long. $1 tenant, $2 seconds.
SELECT count(*) FROM deliveries
WHERE tenant_id = $1 AND status IN ('pending', 'leased') AND due_at < now() - make_interval(secs => $2)
