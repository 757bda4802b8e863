-- What waits for payment, and what for stock. $1 tenant.
-- Of a timer order_id, expires_at and due_at, of a backorder order_id, product_id, position, item_id and quantity; the
-- others are null.
SELECT order_id, expires_at, due_at, NULL::uuid AS product_id, NULL::bigint AS position, NULL::uuid AS item_id,
       NULL::bigint AS quantity
FROM expiry_timers WHERE tenant_id = $1
UNION ALL
SELECT order_id, NULL, NULL, product_id, position, item_id, quantity FROM backorders WHERE tenant_id = $1
