-- A page of the orders that are found by all of some words: a walk of bounded length along the orders of one word, or of one
-- user, each held to the other words.
-- $1 tenant, $2 user id or null, $3 to $6 see item.sql, $7 how many, $8 how long the walk is at most,
-- $9 to $12 as in list.sql, $13 see walk_*.sql; then parallel arrays, the words an order must have: $14 and $15 the lowest and
-- the highest that will do; $16 statuses or null, $17 payment statuses or null, $18 fulfillment statuses or null.
-- The last row has no item: it is where the walk stopped, if it did not come to the end.
WITH walk AS MATERIALIZED (
    :walk:
), found AS (
    SELECT w.placed_at, w.position, :item: AS item
    FROM walk w
    CROSS JOIN LATERAL (
        SELECT * FROM order_list
        WHERE tenant_id = $1 AND placed_at = w.placed_at AND position = w.position
        LIMIT 1
    ) o
    WHERE ($2::uuid IS NULL OR o.user_id = $2)
      AND ($16::text[] IS NULL OR o.status = ANY ($16))
      AND ($17::text[] IS NULL OR o.payment_status = ANY ($17))
      AND ($18::text[] IS NULL OR o.fulfillment_status = ANY ($18))
      AND cardinality($14::text[]) = (
          SELECT count(*)
          FROM unnest($14::text[], $15::text[]) AS n (lowest, highest)
          CROSS JOIN LATERAL (
              SELECT FROM order_search s
              WHERE s.tenant_id = $1 AND s.position = w.position AND s.word >= n.lowest AND s.word <= n.highest
              LIMIT 1
          ) has
      )
    ORDER BY w.placed_at :direction:, w.position :direction:
    LIMIT $7
)
SELECT placed_at AS key, position, item FROM found
UNION ALL
(SELECT placed_at, position, NULL FROM walk ORDER BY placed_at :direction:, position :direction: LIMIT 1 OFFSET $8::bigint - 1)
