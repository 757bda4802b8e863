-- A tenant's events in position order.
-- $1 tenant, $2 after this position, $3 up to and with this position, $4 at most so many.
SELECT position, stream_id, stream_version, event_type, schema_version, data, metadata, recorded_at
FROM events
WHERE tenant_id = $1 AND position > $2 AND position <= $3
ORDER BY position
LIMIT $4
