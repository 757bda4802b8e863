-- Forget sessions whose time is over, some at a time. $1 tenant, $2 kept for after that (interval), $3 at most so many.
DELETE FROM sessions s
USING (
    SELECT session_id FROM sessions WHERE tenant_id = $1 AND expires_at < clock_timestamp() - $2::interval LIMIT $3
) old
WHERE s.tenant_id = $1 AND s.session_id = old.session_id
