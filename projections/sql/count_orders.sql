-- Change counts. $1 tenant, then parallel arrays: $2 user ids, $3 statuses, $4 changes.
INSERT INTO order_counts AS c (tenant_id, user_id, status, orders)
SELECT $1, n.user_id, n.status, n.change
FROM unnest($2::uuid[], $3::text[], $4::bigint[]) AS n (user_id, status, change)
ORDER BY n.user_id, n.status
ON CONFLICT (tenant_id, user_id, status) DO UPDATE SET orders = c.orders + excluded.orders
