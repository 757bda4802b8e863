-- Projections that are behind the head of their log and have not moved for so long: of those named, or of all others.
-- $1 seconds, $2 projections text[], $3 whether it is those, or the others.
SELECT c.tenant_id, c.projection, h.position - c.position AS lag
FROM checkpoints c
JOIN log_heads h ON h.tenant_id = c.tenant_id
-- What is rebuilt beside, or kept, is nobody's to read.
WHERE position('~' IN c.projection) = 0 AND c.position < h.position AND c.moved_at < now() - make_interval(secs => $1)
    AND (c.projection = ANY ($2::text[])) = $3
