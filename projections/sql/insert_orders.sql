-- Orders that began. $1 tenant, then parallel arrays: $2 order ids, $3 user ids, $4 placed at, $5 positions, $6 statuses,
-- $7 fulfillment statuses, $8 return statuses, $9 payment statuses, $10 versions, $11 updated at, $12 documents,
-- $13 holds (JSON), $14 payment terms, $15 totals in cents.
INSERT INTO order_list (tenant_id, order_id, user_id, placed_at, position, status, fulfillment_status, return_status,
                        payment_status, version, updated_at, document, holds, payment_terms, total_cents)
SELECT $1, o.*
FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
            $10::int[], $11::timestamptz[], $12::text[], $13::text[], $14::text[], $15::bigint[])
     AS o (order_id, user_id, placed_at, position, status, fulfillment_status, return_status, payment_status, version,
           updated_at, document, holds, payment_terms, total_cents)
