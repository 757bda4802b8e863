-- What makes aggregates: of each stream its snapshot, where that is newer than the version known, and the events after.
-- $1 tenant, $2 stream ids uuid[], $3 known versions int[] (parallel; 0 for nothing).
-- A snapshot is a row of type Snapshot at position 0, its state as data.
SELECT e.position, s.stream_id, e.stream_version, e.event_type, e.schema_version, e.data, e.metadata, e.recorded_at
FROM unnest($2::uuid[], $3::int[]) AS s (stream_id, after)
LEFT JOIN LATERAL (
    SELECT stream_version, state, taken_at FROM snapshots
    WHERE tenant_id = $1 AND stream_id = s.stream_id AND stream_version > s.after
    LIMIT 1
) p ON true
CROSS JOIN LATERAL (
    SELECT 0::bigint AS position, p.stream_version, 'Snapshot' AS event_type, 1::smallint AS schema_version,
           p.state AS data, '{}'::jsonb AS metadata, p.taken_at AS recorded_at
    WHERE p.stream_version IS NOT NULL
    UNION ALL
    SELECT position, stream_version, event_type, schema_version, data, metadata, recorded_at
    FROM events
    WHERE tenant_id = $1 AND stream_id = s.stream_id
      AND stream_version > greatest(s.after, coalesce(p.stream_version, 0))
) e
ORDER BY e.stream_version
