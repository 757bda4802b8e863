-- Where in the log the orders of a person begin. $1 tenant, $2 person's id as text.
SELECT position FROM events
WHERE tenant_id = $1 AND metadata ? 'owner' AND metadata ->> 'owner' = $2 AND stream_version = 1
  AND event_type IN ('OrderPlaced', 'OrderImported')
