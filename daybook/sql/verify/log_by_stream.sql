-- The whole log, stream after stream, each in its order. $1 tenant.
SELECT position, stream_id, stream_version, event_type, schema_version, data, metadata, recorded_at
FROM events
WHERE tenant_id = $1
ORDER BY stream_id, stream_version
