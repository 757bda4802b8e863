-- A page of the orders that are found by all of some words: a walk of bounded length along the orders of one word, or of one
-- user, each held to the other words.
-- $1 tenant, $2 user id or null, $3 how many, $4 how long the walk is at most, $5 to $8 as in list.sql, $9 see walk_*.sql;
-- then parallel arrays, the words an order must have: $10 and $11 the lowest and the highest that will do; $12 statuses or
-- null, $13 payment statuses or null, $14 fulfillment statuses or null.
-- The last row has no document: it is where the walk stopped, if it did not come to the end.
WITH walk AS MATERIALIZED (
    :walk:
), found AS (
    SELECT w.placed_at AS key, w.position, :columns:
    FROM walk w
    CROSS JOIN LATERAL (
        SELECT * FROM order_list
        WHERE tenant_id = $1 AND placed_at = w.placed_at AND position = w.position
        LIMIT 1
    ) o
    WHERE ($2::uuid IS NULL OR o.user_id = $2)
      AND ($12::text[] IS NULL OR o.status = ANY ($12))
      AND ($13::text[] IS NULL OR o.payment_status = ANY ($13))
      AND ($14::text[] IS NULL OR o.fulfillment_status = ANY ($14))
      AND cardinality($10::text[]) = (
          SELECT count(*)
          FROM unnest($10::text[], $11::text[]) AS n (lowest, highest)
          CROSS JOIN LATERAL (
              SELECT FROM order_search s
              WHERE s.tenant_id = $1 AND s.position = w.position AND s.word >= n.lowest AND s.word <= n.highest
              LIMIT 1
          ) has
      )
    ORDER BY w.placed_at :direction:, w.position :direction:
    LIMIT $3
), stopped AS (
    SELECT placed_at, position FROM walk ORDER BY placed_at :direction:, position :direction: LIMIT 1 OFFSET $4::bigint - 1
)
SELECT * FROM found
UNION ALL
SELECT s.placed_at, s.position, :columns: FROM stopped s LEFT JOIN order_list o ON false
