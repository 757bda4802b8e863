-- Forget idempotency keys whose time is over, some at a time. $1 tenant, $2 kept for (interval), $3 at most so many.
DELETE FROM idempotency_keys k
USING (
    SELECT subject, key FROM idempotency_keys
    WHERE tenant_id = $1 AND created_at < now() - $2::interval
    LIMIT $3
) old
WHERE k.tenant_id = $1 AND k.subject = old.subject AND k.key = old.key
