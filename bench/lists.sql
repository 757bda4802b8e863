-- 250,000 orders of 50,000 customers over two years, in the read models that lists are answered from. The first customer has
-- 20,000 of them. Few orders stand where few stand in a shop: expired, returned, refunded.

CREATE FUNCTION pg_temp.id(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT lpad(to_hex(n), 32, '0')::uuid $$;

CREATE TEMPORARY TABLE made AS
SELECT n,
       CASE WHEN n % 25 < 2 THEN 1 ELSE 2 + (n * 7919::bigint) % 50000 END AS customer,
       timestamptz '2024-11-24' + n * interval '252 seconds' AS placed_at,
       s.status, s.payment_status, s.fulfillment_status
FROM generate_series(1, 250000) n
CROSS JOIN LATERAL (
    SELECT * FROM (VALUES
        (0, 'pending', 'unpaid', 'unfulfilled'), (30, 'pending', 'authorized', 'unfulfilled'),
        (50, 'confirmed', 'unpaid', 'unfulfilled'), (80, 'confirmed', 'paid', 'unfulfilled'),
        (110, 'confirmed', 'paid', 'partially_shipped'), (120, 'confirmed', 'authorized', 'unfulfilled'),
        (150, 'shipped', 'paid', 'shipped'), (200, 'shipped', 'unpaid', 'shipped'),
        (230, 'shipped', 'paid', 'partially_delivered'), (240, 'delivered', 'paid', 'delivered'),
        (800, 'delivered', 'unpaid', 'delivered'), (950, 'delivered', 'partially_refunded', 'delivered'),
        (960, 'cancelled', 'unpaid', 'unfulfilled'), (985, 'cancelled', 'voided', 'unfulfilled'),
        (995, 'cancelled', 'refunded', 'unfulfilled'), (997, 'returned', 'refunded', 'delivered'),
        (998, 'returned', 'unpaid', 'delivered'), (999, 'expired', 'unpaid', 'unfulfilled')
    ) AS v (begins, status, payment_status, fulfillment_status)
    WHERE v.begins <= (n * 104729::bigint) % 1000
    ORDER BY v.begins DESC
    LIMIT 1
) s;

INSERT INTO order_list (tenant_id, order_id, user_id, placed_at, position, status, fulfillment_status, return_status,
                        payment_status, payment_terms, holds, version, updated_at, document, total_cents)
SELECT 'default', pg_temp.id(n), pg_temp.id(customer), placed_at, n * 4, status, fulfillment_status, 'none',
       payment_status, 'offline', '[]', 3, placed_at + interval '3 days',
       format('"id":"%s","number":"%s","user_id":"%s","items":[{"id":"%s","product_id":"%s","product_name":"Fountain pen",'
              '"quantity":1,"price_cents":6900,"discount_cents":0,"line_total_cents":6900},{"id":"%s","product_id":"%s",'
              '"product_name":"Ink bottle","quantity":2,"price_cents":1450,"discount_cents":0,"line_total_cents":2900}],'
              '"shipping_cents":490,"total_cents":%s,"currency":"USD","total_usd":"102.90","shipping_address":{"recipient":'
              '"Ada Lovelace","line1":"12 St James''s Square","city":"London","postal_code":"SW1Y 4JH","country":"GB"},'
              '"payment_terms":"offline","expires_at":null,"created_at":"2026-11-24T10:15:00.000000Z"',
              pg_temp.id(n), to_hex(n), pg_temp.id(customer), pg_temp.id(n * 3), pg_temp.id(n % 500), pg_temp.id(n * 3 + 1),
              pg_temp.id(n % 499), 1000 + (n * 7907::bigint) % 90000),
       1000 + (n * 7907::bigint) % 90000
FROM made;

INSERT INTO order_counts (tenant_id, user_id, status, payment_status, fulfillment_status, orders)
SELECT tenant_id, user_id, status, payment_status, fulfillment_status, count(*)
FROM order_list GROUP BY tenant_id, user_id, status, payment_status, fulfillment_status
UNION ALL
SELECT tenant_id, '00000000-0000-0000-0000-000000000000', status, payment_status, fulfillment_status, count(*)
FROM order_list GROUP BY tenant_id, status, payment_status, fulfillment_status;

INSERT INTO order_search (tenant_id, word, placed_at, position, personal)
SELECT 'default', w.word, m.placed_at, m.n * 4, w.personal
FROM made m
CROSS JOIN LATERAL (
    VALUES ('n' || to_hex(m.n), false), ('fountain', false), ('pen', false), ('ink', false), ('bottle', false),
           ('sku' || m.n % 500, false), ('sku' || 500 + m.n % 499, false), ('1z' || md5(m.n::text), false),
           ('first' || m.customer % 200, true), ('last' || m.customer % 5000, true),
           ('c' || m.customer, true), ('c' || m.customer || 'examplecom', true)
) AS w (word, personal);

INSERT INTO sales
SELECT 'default', d.dimension, d.day, d.key, 'USD', count(*), count(*) * 3, sum(m.cents), 0, count(*) * 490, 0, 0, 0, 0, 0
FROM (
    SELECT customer, placed_at::date AS day, 9800 AS cents, pg_temp.id(n % 500) AS pen, pg_temp.id(n % 499) AS ink FROM made
) m
CROSS JOIN LATERAL (
    VALUES ('day', m.day, '00000000-0000-0000-0000-000000000000'::uuid),
           ('customer', m.day, pg_temp.id(m.customer)), ('customer', '-infinity', pg_temp.id(m.customer)),
           ('product', m.day, m.pen), ('product', '-infinity', m.pen),
           ('product', m.day, m.ink), ('product', '-infinity', m.ink)
) AS d (dimension, day, key)
GROUP BY d.dimension, d.day, d.key
