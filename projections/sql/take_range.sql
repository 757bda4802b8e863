-- Take the first range of a rebuild that nobody has, until the end of the transaction, which is to apply it. $1 tenant.
-- One row, or none: after, upto (streams that begin between these positions) and until (as they were at this one).
UPDATE rebuild_ranges r SET done = true
FROM (
    SELECT after FROM rebuild_ranges WHERE tenant_id = $1 AND NOT done ORDER BY after LIMIT 1 FOR UPDATE SKIP LOCKED
) t
WHERE r.tenant_id = $1 AND r.after = t.after
RETURNING r.after, r.upto, r.until
