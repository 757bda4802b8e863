-- Which commands of a batch whose answer was lost are in the log after all. Asked under the head lock.
-- $1 tenant, $2 command ids uuid[], $3 stream ids uuid[] and $4 versions int[] of their last events (null: no events),
-- $5 subjects uuid[] and $6 keys text[] (null: no key); all parallel.
-- One row a command that was appended: command_id, position.
SELECT c.command_id, coalesce(e.position, k.position) AS position
FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::uuid[], $6::text[])
     AS c (command_id, stream_id, version, subject, key)
LEFT JOIN LATERAL (
    SELECT position FROM events
    WHERE tenant_id = $1 AND stream_id = c.stream_id AND stream_version = c.version
      AND metadata ->> 'command_id' = c.command_id::text
    LIMIT 1
) AS e ON true
LEFT JOIN LATERAL (
    SELECT position FROM idempotency_keys
    WHERE tenant_id = $1 AND subject = c.subject AND key = c.key AND command_id = c.command_id
    LIMIT 1
) AS k ON true
WHERE e.position IS NOT NULL OR k.position IS NOT NULL
