-- Whether each stream counts 1, 2, 3 … in the order of positions. $1 tenant.
-- One row: streams, wrong (events out of turn), example (a stream with such an event, or null).
SELECT count(*) FILTER (WHERE turn = 1) AS streams,
       count(*) FILTER (WHERE stream_version <> turn) AS wrong,
       min(stream_id::text) FILTER (WHERE stream_version <> turn) AS example
FROM (
    SELECT stream_id, stream_version, row_number() OVER (PARTITION BY stream_id ORDER BY position) AS turn
    FROM events
    WHERE tenant_id = $1
) e
