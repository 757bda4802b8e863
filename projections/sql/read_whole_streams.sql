-- What matters of the streams that begin in a range of the log, in position order: of each the first event, the last one
-- at or before a position, and those between of some types.
-- $1 tenant, $2 after this position, $3 up to and with this one, $4 as they were at this one, $5 types that begin a stream
-- text[], $6 types that matter text[].
WITH begun AS MATERIALIZED (
    SELECT stream_id FROM events
    WHERE tenant_id = $1 AND position > $2 AND position <= $3 AND stream_version = 1 AND event_type = ANY ($5::text[])
)
SELECT e.position, e.stream_id, e.stream_version, e.event_type, e.schema_version, e.data, e.metadata, e.recorded_at
FROM begun b
CROSS JOIN LATERAL (
    SELECT *, lead(stream_version) OVER (ORDER BY stream_version) IS NULL AS is_last
    FROM events
    WHERE tenant_id = $1 AND stream_id = b.stream_id AND position <= $4
) e
WHERE e.stream_version = 1 OR e.is_last OR e.event_type = ANY ($6::text[])
ORDER BY e.position
