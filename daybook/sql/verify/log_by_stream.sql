-- A part of the log, stream after stream, each in its order. $1 tenant, $2 number of the part, from 0, $3 of so many.
SELECT position, stream_id, stream_version, event_type, schema_version, data, metadata, recorded_at
FROM events
WHERE tenant_id = $1 AND ($3 = 1 OR (uuid_hash(stream_id) & 1073741823) % $3 = $2)
ORDER BY stream_id, stream_version
