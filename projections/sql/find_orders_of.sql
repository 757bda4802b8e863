-- The orders that a person ever had, by the log. $1 tenant, $2 person id (text).
SELECT stream_id AS order_id
FROM events
WHERE tenant_id = $1 AND metadata ? 'owner' AND metadata ->> 'owner' = $2
  AND stream_version = 1 AND event_type IN ('OrderPlaced', 'OrderImported')
