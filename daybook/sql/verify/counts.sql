-- Whether the kept counts are those of the list. $1 tenant.
-- One row: kept (counts that are not zero), wrong (counts that differ), example (user and statuses of one, or null).
WITH kept AS (
    SELECT user_id, status, payment_status, fulfillment_status, orders
    FROM order_counts WHERE tenant_id = $1 AND orders <> 0
), counted AS (
    SELECT user_id, status, payment_status, fulfillment_status, count(*) AS orders
    FROM order_list WHERE tenant_id = $1 GROUP BY user_id, status, payment_status, fulfillment_status
    UNION ALL
    SELECT '00000000-0000-0000-0000-000000000000', status, payment_status, fulfillment_status, count(*)
    FROM order_list WHERE tenant_id = $1 GROUP BY status, payment_status, fulfillment_status
)
SELECT count(k.orders) AS kept,
       count(*) FILTER (WHERE k.orders IS DISTINCT FROM c.orders) AS wrong,
       min(concat_ws(' ', user_id, status, payment_status, fulfillment_status))
           FILTER (WHERE k.orders IS DISTINCT FROM c.orders) AS example
FROM kept k
FULL JOIN counted c USING (user_id, status, payment_status, fulfillment_status)
