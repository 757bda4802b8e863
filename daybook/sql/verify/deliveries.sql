-- Whether each order that was placed has its one confirmation, and no other order has any.
-- $1 tenant, $2 the position up to which confirmations have come.
-- One row: placed, wrong (orders with none or several, deliveries of no order), example (such an order, or null).
WITH placed AS (
    SELECT stream_id AS order_id FROM events WHERE tenant_id = $1 AND event_type = 'OrderPlaced' AND position <= $2
), delivered AS (
    SELECT order_id, count(*) AS times FROM deliveries
    WHERE tenant_id = $1 AND kind = 'order_confirmation'
    GROUP BY order_id
)
SELECT count(p.order_id) AS placed,
       count(*) FILTER (WHERE p.order_id IS NULL OR d.times IS DISTINCT FROM 1) AS wrong,
       min(coalesce(p.order_id, d.order_id)::text)
           FILTER (WHERE p.order_id IS NULL OR d.times IS DISTINCT FROM 1) AS example
FROM placed p
FULL JOIN delivered d ON d.order_id = p.order_id
