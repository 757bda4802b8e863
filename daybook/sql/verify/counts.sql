-- Whether the kept counts are those of the list. $1 tenant.
-- One row: kept (counts that are not zero), wrong (counts that differ), example (user and status of one, or null).
WITH kept AS (
    SELECT user_id, status, orders FROM order_counts WHERE tenant_id = $1 AND orders <> 0
), counted AS (
    SELECT user_id, status, count(*) AS orders FROM order_list WHERE tenant_id = $1 GROUP BY user_id, status
    UNION ALL
    SELECT '00000000-0000-0000-0000-000000000000', status, count(*) FROM order_list WHERE tenant_id = $1 GROUP BY status
)
SELECT count(k.orders) AS kept,
       count(*) FILTER (WHERE k.orders IS DISTINCT FROM c.orders) AS wrong,
       min(user_id || ' ' || status) FILTER (WHERE k.orders IS DISTINCT FROM c.orders) AS example
FROM kept k
FULL JOIN counted c USING (user_id, status)
