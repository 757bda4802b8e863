-- A tenant's events in position order, only such as match what is given of this. It looks at every event in between:
-- the caller bounds how many that are.
-- $1 tenant, $2 after this position, $3 up to and with this position, $4 at most so many, $5 event types or null,
-- $6 recorded at or after, or null, $7 recorded before, or null.
SELECT position, stream_id, stream_version, event_type, schema_version, data, metadata, recorded_at
FROM events
WHERE tenant_id = $1 AND position > $2 AND position <= $3
  AND ($5::text[] IS NULL OR event_type = ANY ($5))
  AND ($6::timestamptz IS NULL OR recorded_at >= $6)
  AND ($7::timestamptz IS NULL OR recorded_at < $7)
ORDER BY position
LIMIT $4
