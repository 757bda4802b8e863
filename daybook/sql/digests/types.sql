-- How many events of each type there are. $1 tenant, $2 up to and with this position.
SELECT event_type, count(*) AS events
FROM events
WHERE tenant_id = $1 AND position <= $2
GROUP BY event_type
ORDER BY event_type
