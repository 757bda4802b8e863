-- When an event was recorded. $1 tenant, $2 position.
SELECT recorded_at FROM events WHERE tenant_id = $1 AND position = $2
