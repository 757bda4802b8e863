-- The sessions that ended so lately that access tokens of theirs may not have expired. $1 tenant, $2 how lately (interval).
SELECT session_id FROM sessions WHERE tenant_id = $1 AND revoked_at > clock_timestamp() - $2::interval
