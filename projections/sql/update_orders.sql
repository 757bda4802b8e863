-- Orders that moved. $1 tenant, then parallel arrays: $2 order ids, $3 statuses, $4 fulfillment statuses,
-- $5 return statuses, $6 versions, $7 updated at.
-- One row an order that was there: order_id, user_id and the status it had before.
WITH was AS MATERIALIZED (
    SELECT o.order_id, o.user_id, o.status
    FROM order_list o
    WHERE o.tenant_id = $1 AND o.order_id = ANY ($2::uuid[])
), moved AS (
    UPDATE order_list o
    SET status = n.status, fulfillment_status = n.fulfillment_status, return_status = n.return_status,
        version = n.version, updated_at = n.updated_at
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[], $7::timestamptz[])
         AS n (order_id, status, fulfillment_status, return_status, version, updated_at)
    WHERE o.tenant_id = $1 AND o.order_id = n.order_id
)
SELECT order_id, user_id, status FROM was
