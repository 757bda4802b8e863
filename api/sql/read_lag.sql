-- How far each projection of every tenant is behind the real head of its log, and what it has parked.
SELECT h.tenant_id, c.projection, h.position - c.position AS lag,
       (SELECT count(*) FROM parked_events p WHERE p.tenant_id = c.tenant_id AND p.projection = c.projection) AS parked
FROM log_heads h
JOIN checkpoints c ON c.tenant_id = h.tenant_id
-- What is rebuilt beside, or kept, is nobody's to read.
WHERE position('~' IN c.projection) = 0
