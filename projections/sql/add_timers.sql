-- Orders that end by themselves. $1 tenant, $2 order ids uuid[], $3 times timestamptz[] (parallel).
INSERT INTO expiry_timers (tenant_id, order_id, expires_at, due_at)
SELECT $1, t.order_id, t.expires_at, t.expires_at
FROM unnest($2::uuid[], $3::timestamptz[]) AS t (order_id, expires_at)
ON CONFLICT DO NOTHING
