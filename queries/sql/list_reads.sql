-- Who read the history, newest first. $1 tenant, $2 before this read or null, $3 at most so many.
SELECT read_id, subject, role, what, reason, correlation_id, read_at
FROM history_reads
WHERE tenant_id = $1 AND read_id < coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
ORDER BY read_id DESC
LIMIT $3
