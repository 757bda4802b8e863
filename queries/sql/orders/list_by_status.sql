-- A page of the orders that stand in one of some combinations of statuses: the first ones of each, merged.
-- $1 to $12 as in list.sql; then parallel arrays, the combinations: $13 statuses, $14 payment statuses,
-- $15 fulfillment statuses.
SELECT o.placed_at AS key, o.position, :item: AS item
FROM (
    SELECT first.placed_at, first.position
    FROM unnest($13::text[], $14::text[], $15::text[]) AS s (status, payment_status, fulfillment_status)
    CROSS JOIN LATERAL (
        SELECT placed_at, position FROM order_list
        WHERE tenant_id = $1 AND :whose: AND status = s.status AND payment_status = s.payment_status
          AND fulfillment_status = s.fulfillment_status
          AND (placed_at, position) > ($9::timestamptz, $10::bigint)
          AND (placed_at, position) < ($11::timestamptz, $12::bigint)
        ORDER BY placed_at :direction:, position :direction:
        LIMIT $7::bigint + $8::bigint
    ) first
    ORDER BY first.placed_at :direction:, first.position :direction:
    LIMIT $7 OFFSET $8
) page
CROSS JOIN LATERAL (
    SELECT * FROM order_list
    WHERE tenant_id = $1 AND placed_at = page.placed_at AND position = page.position
    LIMIT 1
) o
ORDER BY page.placed_at :direction:, page.position :direction:
