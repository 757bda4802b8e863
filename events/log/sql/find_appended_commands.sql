-- Which commands of a batch whose answer was lost are in the log after all, read under the head lock.
-- $1 tenant, $2 the head before the batch was sent, $3 command ids uuid[], $4 key subjects uuid[], $5 keys text[].
-- One row a command that was committed: command_id, position.
SELECT (e.metadata ->> 'command_id')::uuid AS command_id, max(e.position) AS position
FROM events e
WHERE e.tenant_id = $1 AND e.position > $2 AND (e.metadata ->> 'command_id')::uuid = ANY ($3::uuid[])
GROUP BY 1
UNION
SELECT i.command_id, i.position
FROM unnest($4::uuid[], $5::text[]) AS k (subject, key)
CROSS JOIN LATERAL (
    SELECT command_id, position
    FROM idempotency_keys
    WHERE tenant_id = $1 AND subject = k.subject AND key = k.key
    LIMIT 1
) i
WHERE i.command_id = ANY ($3::uuid[])
