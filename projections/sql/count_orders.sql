-- Change counts. $1 tenant, then parallel arrays: $2 user ids, $3 statuses, $4 payment statuses, $5 fulfillment statuses,
-- $6 changes.
INSERT INTO order_counts AS c (tenant_id, user_id, status, payment_status, fulfillment_status, orders)
SELECT $1, n.user_id, n.status, n.payment_status, n.fulfillment_status, n.change
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[])
     AS n (user_id, status, payment_status, fulfillment_status, change)
ORDER BY n.user_id, n.status, n.payment_status, n.fulfillment_status
ON CONFLICT (tenant_id, user_id, status, payment_status, fulfillment_status) DO UPDATE SET orders = c.orders + excluded.orders
