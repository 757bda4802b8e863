-- Take those of some deliveries that are due, for the length of a lease; the attempt is counted before it is made.
-- $1 tenant, $2 deliveries uuid[], $3 seconds of the lease, $4 attempts at most.
-- The statuses are said by what they are not, so that no plan walks the index of what is due to find some by their ids.
-- One row for each that was due: delivery_id, status 'leased', or 'dead' where the attempts are used up (the last of
-- them never ended); then kind, order_id, customer_id, attempts, due_at (the lease's end). A row that another holds
-- locked is being claimed or finished there, and is passed over.
WITH due AS (
    SELECT delivery_id
    FROM deliveries
    WHERE tenant_id = $1 AND delivery_id = ANY ($2)
        AND status <> 'done' AND status <> 'dead' AND due_at <= clock_timestamp()
    FOR UPDATE SKIP LOCKED
)
UPDATE deliveries
SET status = CASE WHEN attempts < $4 THEN 'leased' ELSE 'dead' END,
    attempts = CASE WHEN attempts < $4 THEN attempts + 1 ELSE attempts END,
    due_at = clock_timestamp() + make_interval(secs => $3),
    last_error = CASE WHEN status = 'leased' THEN 'the attempt before never ended' ELSE last_error END,
    finished_at = CASE WHEN attempts < $4 THEN NULL ELSE clock_timestamp() END
FROM due
WHERE deliveries.tenant_id = $1 AND deliveries.delivery_id = due.delivery_id
RETURNING deliveries.delivery_id, status, kind, order_id, customer_id, attempts, due_at
