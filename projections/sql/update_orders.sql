-- Orders that moved. $1 tenant, then parallel arrays: $2 order ids, $3 statuses, $4 fulfillment statuses,
-- $5 return statuses, $6 payment statuses, $7 versions, $8 updated at, $9 holds (JSON), null where they are as they were.
-- One row an order that was there: order_id, user_id, and the status, payment status and fulfillment status it had before.
WITH was AS MATERIALIZED (
    SELECT o.order_id, o.user_id, o.status, o.payment_status, o.fulfillment_status
    FROM order_list o
    WHERE o.tenant_id = $1 AND o.order_id = ANY ($2::uuid[])
), moved AS (
    UPDATE order_list o
    SET status = n.status, fulfillment_status = n.fulfillment_status, return_status = n.return_status,
        payment_status = n.payment_status, version = n.version, updated_at = n.updated_at,
        holds = coalesce(n.holds, o.holds)
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::timestamptz[], $9::text[])
         AS n (order_id, status, fulfillment_status, return_status, payment_status, version, updated_at, holds)
    WHERE o.tenant_id = $1 AND o.order_id = n.order_id
)
SELECT order_id, user_id, status, payment_status, fulfillment_status FROM was
