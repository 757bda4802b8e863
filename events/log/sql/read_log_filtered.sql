-- A tenant's events in position order, of one type and one stream only where these are given.
-- $1 tenant, $2 after this position, $3 at most so many, $4 event type or null, $5 stream id or null.
SELECT position, stream_id, stream_version, event_type, schema_version, data, metadata, recorded_at
FROM events
WHERE tenant_id = $1 AND position > $2
  AND ($4::text IS NULL OR event_type = $4)
  AND ($5::uuid IS NULL OR stream_id = $5)
ORDER BY position
LIMIT $3
