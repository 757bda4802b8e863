-- How many orders some words have, counted up to a bound. $1 tenant, $2 words text[], $3 the bound.
SELECT n.word, counted.orders
FROM unnest($2::text[]) AS n (word)
CROSS JOIN LATERAL (
    SELECT count(*) AS orders
    FROM (SELECT FROM order_search WHERE tenant_id = $1 AND word = n.word LIMIT $3) bounded
) counted
