-- A stretch of a tenant's log as CloudEvents, one a line, each with its line feed: the same envelope as
-- events.cloud.sealed_line makes. `data` stands last in its line, byte for byte as stored.
-- $1 tenant, $2 after this position, $3 up to and with this position, $4 event types or null,
-- $5 recorded at or after, or null, $6 recorded before, or null, $7 the source, as a JSON string,
-- $8 event type → its public name (JSON), $9 whether the metadata is told, too,
-- $10 event types with personal fields that are to be opened, or null where nothing is.
-- One row an event, in position order: line; and of those that hold something to be opened the line only so far as it
-- stands before `opened`, and the columns of a recorded event (else null).
SELECT s.head || CASE WHEN NOT s.opens THEN s.opened || ',"datacontenttype":"application/json","data":' || s.told || E'}\n'
                 ELSE '' END AS line,
       o.position, o.stream_id, o.stream_version, o.event_type, o.schema_version, o.data, o.metadata, o.recorded_at
FROM (
    SELECT e.*, t.told, t.opens,
           '{"specversion":"1.0","id":"' || e.stream_id || '.' || e.stream_version
           || '","source":' || $7::text
           || ',"type":' || to_json(coalesce($8::jsonb ->> e.event_type, 'daybook.' || e.event_type))
           || ',"subject":"' || coalesce(e.metadata ->> 'about', e.stream_id::text)
           || '","time":' || t.time
           || ',"recordedtime":"' || to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
           || '","sequence":"' || lpad(e.position::text, 19, '0')
           || '","streamversion":' || e.stream_version
           || ',"actor":'
           || to_json(coalesce(e.metadata ->> 'role', '') || ':' || coalesce(e.metadata ->> 'subject', ''))
           || coalesce(',"reason":' || t.reason, '')
           || coalesce(',"correlationid":' || to_json(e.metadata ->> 'correlation_id'), '')
           || coalesce(',"causationid":' || to_json(e.metadata ->> 'causation_id'), '')
           || ',"dataschema":' || to_json('urn:daybook:schema:' || e.event_type || ':' || e.schema_version)
           || CASE WHEN $9::bool THEN ',"metadata":' || to_json(e.metadata::text) ELSE '' END AS head,
           CASE WHEN $10::text[] IS NULL THEN '' ELSE ',"opened":{}' END AS opened
    FROM events e
    CROSS JOIN LATERAL (SELECT convert_from(e.data, 'UTF8') AS told) d
    CROSS JOIN LATERAL (
        SELECT d.told,
               -- Where it ends as all that the service has written does, the business time is cut out. Quotes within
               -- a value are escaped, so nothing else can look like it. Of bytes: characters would have to be counted.
               CASE WHEN substr(e.data, octet_length(e.data) - 41)
                         LIKE '"timestamp":"____-__-__T__:__:__.______Z"}'::bytea
                    THEN encode(substr(e.data, octet_length(e.data) - 29, 29), 'escape')
                    ELSE coalesce((d.told::json -> 'timestamp')::text, 'null') END AS time,
               CASE WHEN strpos(d.told, '"reason"') > 0
                    THEN nullif((d.told::json -> 'reason')::text, 'null') END AS reason,
               coalesce(e.event_type = ANY ($10) AND strpos(d.told, ':"sealed.') > 0, false) AS opens
    ) t
    WHERE e.tenant_id = $1 AND e.position > $2 AND e.position <= $3
      AND ($4::text[] IS NULL OR e.event_type = ANY ($4))
      AND ($5::timestamptz IS NULL OR e.recorded_at >= $5)
      AND ($6::timestamptz IS NULL OR e.recorded_at < $6)
) s
LEFT JOIN LATERAL (SELECT s.* WHERE s.opens) o ON true
ORDER BY s.position
