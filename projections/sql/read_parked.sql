-- The events that a projection has set aside, in order. $1 tenant, $2 projection.
SELECT position, stream_id, error, parked_at FROM parked_events
WHERE tenant_id = $1 AND projection = $2
ORDER BY position
