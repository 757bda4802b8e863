-- Why a session does not live. $1 tenant, $2 session id. One row: revoked; none where it is not known (any more).
SELECT revoked_at IS NOT NULL AS revoked FROM sessions WHERE tenant_id = $1 AND session_id = $2
