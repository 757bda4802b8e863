-- A page of the orders that stand in one of some combinations of statuses: the first ones of each, merged.
-- $1 to $8 as in list.sql; then parallel arrays, the combinations: $9 statuses, $10 payment statuses, $11 fulfillment
-- statuses.
SELECT o.placed_at AS key, o.position, :columns:
FROM (
    SELECT first.placed_at, first.position
    FROM unnest($9::text[], $10::text[], $11::text[]) AS s (status, payment_status, fulfillment_status)
    CROSS JOIN LATERAL (
        SELECT placed_at, position FROM order_list
        WHERE tenant_id = $1 AND :whose: AND status = s.status AND payment_status = s.payment_status
          AND fulfillment_status = s.fulfillment_status
          AND (placed_at, position) > ($5::timestamptz, $6::bigint)
          AND (placed_at, position) < ($7::timestamptz, $8::bigint)
        ORDER BY placed_at :direction:, position :direction:
        LIMIT $3::bigint + $4::bigint
    ) first
    ORDER BY first.placed_at :direction:, first.position :direction:
    LIMIT $3 OFFSET $4
) page
CROSS JOIN LATERAL (
    SELECT * FROM order_list
    WHERE tenant_id = $1 AND placed_at = page.placed_at AND position = page.position
    LIMIT 1
) o
ORDER BY page.placed_at :direction:, page.position :direction:
