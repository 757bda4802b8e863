-- Set events aside. $1 tenant, $2 projection, $3 positions bigint[], $4 stream ids uuid[], $5 errors text[] (parallel).
INSERT INTO parked_events (tenant_id, projection, position, stream_id, error)
SELECT $1, $2, p.position, p.stream_id, p.error
FROM unnest($3::bigint[], $4::uuid[], $5::text[]) AS p (position, stream_id, error)
