-- How far a tenant's projections are, those that serve and those beside. $1 tenant.
-- One row a checkpoint: projection, version of the rows, position, events behind the head, seconds since the first of these
-- was recorded (0 for none), streams that are parked.
SELECT c.projection, c.version, c.position, greatest(h.position - c.position, 0) AS events_behind,
       coalesce(greatest(extract(epoch FROM clock_timestamp() - e.recorded_at), 0), 0)::float8 AS seconds_behind,
       (SELECT count(DISTINCT p.stream_id) FROM parked_events p
        WHERE p.tenant_id = $1 AND p.projection = c.projection) AS parked
FROM checkpoints c
JOIN log_heads h ON h.tenant_id = $1
LEFT JOIN events e ON e.tenant_id = $1 AND e.position = c.position + 1
WHERE c.tenant_id = $1
ORDER BY c.projection
