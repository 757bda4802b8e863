-- Whole streams, or what follows a known version of each; each stream in version order.
-- $1 tenant, $2 stream ids uuid[], $3 after these versions int[] (parallel; 0 for all of it).
SELECT e.position, e.stream_id, e.stream_version, e.event_type, e.schema_version, e.data, e.metadata, e.recorded_at
FROM unnest($2::uuid[], $3::int[]) AS s (stream_id, after)
CROSS JOIN LATERAL (
    SELECT position, stream_id, stream_version, event_type, schema_version, data, metadata, recorded_at
    FROM events
    WHERE tenant_id = $1 AND stream_id = s.stream_id AND stream_version > s.after
    ORDER BY stream_version
) e
