-- Versions of orders. $1 tenant, then parallel arrays: $2 order ids, $3 versions, $4 versions before this batch (0 for orders
-- that begin in it), $5 positions, $6 latest business times in the batch, $7 updated at, $8 user ids (of first versions), $9
-- versions that tell the address, $10 statuses, $11 fulfillment statuses, $12 return statuses, $13 payment statuses, $14 holds
-- (JSON); $9 and $14 null where they are as before the batch. Inserts nothing for what it does not find the version before.
INSERT INTO order_versions (tenant_id, order_id, version, from_position, from_time, updated_at, user_id, address_version,
                            status, fulfillment_status, return_status, payment_status, holds)
SELECT $1, n.order_id, n.version, n.from_position, greatest(n.from_time, b.from_time), n.updated_at, n.user_id,
       coalesce(n.address_version, b.address_version), n.status, n.fulfillment_status, n.return_status, n.payment_status,
       coalesce(n.holds, b.holds)
FROM unnest($2::uuid[], $3::int[], $4::int[], $5::bigint[], $6::timestamptz[], $7::timestamptz[], $8::uuid[], $9::int[],
            $10::text[], $11::text[], $12::text[], $13::text[], $14::text[])
     AS n (order_id, version, before, from_position, from_time, updated_at, user_id, address_version,
           status, fulfillment_status, return_status, payment_status, holds)
LEFT JOIN LATERAL (
    SELECT from_time, address_version, holds FROM order_versions
    WHERE tenant_id = $1 AND order_id = n.order_id AND version = n.before AND n.before > 0
    LIMIT 1
) b ON true
WHERE n.before = 0 OR b.from_time IS NOT NULL
