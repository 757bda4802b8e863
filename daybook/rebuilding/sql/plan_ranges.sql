-- Divide a tenant's log into ranges. $1 tenant, $2 the position up to which it is made, $3 positions in a range.
INSERT INTO rebuild_ranges (tenant_id, after, upto, until)
SELECT $1, after, least(after + $3, $2), $2 FROM generate_series(0, $2::bigint - 1, $3::bigint) AS r (after)
