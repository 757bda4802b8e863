-- How far the ranges of a tenant are made. $1 tenant. One row: ranges, done, positions (made), until (0 for no ranges).
SELECT count(*) AS ranges, count(*) FILTER (WHERE done) AS done,
       coalesce(sum(upto - after) FILTER (WHERE done), 0)::bigint AS positions, coalesce(max(until), 0) AS until
FROM rebuild_ranges
WHERE tenant_id = $1
