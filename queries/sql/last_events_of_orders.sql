-- Of each order of a person its last event, as the log has it. $1 tenant, $2 person id (text).
SELECT DISTINCT ON (stream_id)
       position, stream_id, stream_version, event_type, schema_version, data, metadata, recorded_at
FROM events
WHERE tenant_id = $1 AND metadata ? 'owner' AND metadata ->> 'owner' = $2 AND NOT metadata ? 'about'
ORDER BY stream_id, stream_version DESC
