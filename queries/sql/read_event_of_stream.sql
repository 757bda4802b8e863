-- One event of a stream. $1 tenant, $2 stream, $3 its version.
SELECT position, stream_id, stream_version, event_type, schema_version, data, metadata, recorded_at
FROM events
WHERE tenant_id = $1 AND stream_id = $2 AND stream_version = $3
