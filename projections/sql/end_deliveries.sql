-- Deliveries to someone who was forgotten: what is due is not made any more, and no error says anything of them.
-- $1 tenant, $2 deliveries uuid[], $3 what is said in place of an error.
-- One row: until, the end of the last lease that is still held (null: none is): one of them may just be made.
WITH was AS (
    SELECT delivery_id, status, due_at FROM deliveries
    WHERE tenant_id = $1 AND delivery_id = ANY ($2::uuid[])
    FOR UPDATE
), ended AS (
    UPDATE deliveries d
    SET status = CASE WHEN d.status = 'done' THEN 'done' ELSE 'dead' END,
        last_error = CASE WHEN d.status = 'done' THEN NULL ELSE $3 END,
        finished_at = coalesce(d.finished_at, clock_timestamp())
    FROM was w
    WHERE d.tenant_id = $1 AND d.delivery_id = w.delivery_id
)
SELECT max(due_at) AS until FROM was WHERE status = 'leased' AND due_at > clock_timestamp()
