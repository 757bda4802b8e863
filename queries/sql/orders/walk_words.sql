-- Along the orders of some words, merged. $13 these words.
    SELECT DISTINCT first.placed_at, first.position
    FROM unnest($13::text[]) AS t (word)
    CROSS JOIN LATERAL (
        SELECT placed_at, position FROM order_search
        WHERE tenant_id = $1 AND word = t.word
          AND (placed_at, position) > ($9::timestamptz, $10::bigint)
          AND (placed_at, position) < ($11::timestamptz, $12::bigint)
        ORDER BY placed_at :direction:, position :direction:
        LIMIT $8::bigint
    ) first
    ORDER BY first.placed_at :direction:, first.position :direction:
    LIMIT $8::bigint
