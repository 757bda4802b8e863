-- The words that begin with a prefix, in their order, each found by one look at the index.
-- $1 tenant, $2 the prefix, $3 the highest word that could begin with it, $4 at most so many.
WITH RECURSIVE found (word) AS (
    (SELECT word FROM order_search WHERE tenant_id = $1 AND word >= $2 AND word <= $3 ORDER BY word LIMIT 1)
    UNION ALL
    SELECT (SELECT s.word FROM order_search s
            WHERE s.tenant_id = $1 AND s.word > f.word AND s.word <= $3 ORDER BY s.word LIMIT 1)
    FROM found f
    WHERE f.word IS NOT NULL
)
SELECT word FROM found WHERE word IS NOT NULL LIMIT $4
