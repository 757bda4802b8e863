-- All that happened under one correlation id, in position order.
-- $1 tenant, $2 correlation id, $3 after this position, $4 up to and with this position, $5 at most so many.
SELECT position, stream_id, stream_version, event_type, schema_version, data, metadata, recorded_at
FROM events
WHERE tenant_id = $1 AND metadata ? 'correlation_id' AND metadata ->> 'correlation_id' = $2
  AND position > $3 AND position <= $4
ORDER BY position
LIMIT $5
