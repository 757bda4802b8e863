-- How far each projection has come, and how many streams wait behind an event that it could not apply. $1 tenant.
SELECT c.projection, c.position,
       (SELECT count(DISTINCT p.stream_id) FROM parked_events p
        WHERE p.tenant_id = $1 AND p.projection = c.projection) AS parked
FROM checkpoints c
WHERE c.tenant_id = $1 AND position('~' IN c.projection) = 0
ORDER BY c.projection
