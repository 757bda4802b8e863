-- Add to what was sold. $1 tenant, then parallel arrays: $2 dimensions, $3 days, $4 keys, $5 currencies, $6 orders, and as texts
-- $7 units, $8 gross, $9 discounts, $10 shipping, $11 cancelled units, $12 cancelled, $13 returned units, $14 returned,
-- $15 refunded.
INSERT INTO sales AS s (tenant_id, dimension, day, key, currency, orders, units, gross_cents, discount_cents,
                        shipping_cents, cancelled_units, cancelled_cents, returned_units, returned_cents, refunded_cents)
SELECT $1, n.dimension, n.day, n.key, n.currency, n.orders, n.units::numeric, n.gross::numeric, n.discount::numeric,
       n.shipping::numeric, n.cancelled_units::numeric, n.cancelled::numeric, n.returned_units::numeric,
       n.returned::numeric, n.refunded::numeric
FROM unnest($2::text[], $3::date[], $4::uuid[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[],
            $11::text[], $12::text[], $13::text[], $14::text[], $15::text[])
     AS n (dimension, day, key, currency, orders, units, gross, discount, shipping, cancelled_units, cancelled,
           returned_units, returned, refunded)
ORDER BY n.dimension, n.day, n.key, n.currency
ON CONFLICT (tenant_id, dimension, day, key, currency) DO UPDATE
SET orders = s.orders + excluded.orders,
    units = s.units + excluded.units,
    gross_cents = s.gross_cents + excluded.gross_cents,
    discount_cents = s.discount_cents + excluded.discount_cents,
    shipping_cents = s.shipping_cents + excluded.shipping_cents,
    cancelled_units = s.cancelled_units + excluded.cancelled_units,
    cancelled_cents = s.cancelled_cents + excluded.cancelled_cents,
    returned_units = s.returned_units + excluded.returned_units,
    returned_cents = s.returned_cents + excluded.returned_cents,
    refunded_cents = s.refunded_cents + excluded.refunded_cents
