-- The first event of each of these streams. $1 tenant, $2 stream ids uuid[].
SELECT position, stream_id, stream_version, event_type, schema_version, data, metadata, recorded_at
FROM events
WHERE tenant_id = $1 AND stream_id = ANY ($2::uuid[]) AND stream_version = 1
