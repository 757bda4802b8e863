-- Along the orders of some words, merged. $9 these words.
    SELECT DISTINCT first.placed_at, first.position
    FROM unnest($9::text[]) AS t (word)
    CROSS JOIN LATERAL (
        SELECT placed_at, position FROM order_search
        WHERE tenant_id = $1 AND word = t.word
          AND (placed_at, position) > ($5::timestamptz, $6::bigint)
          AND (placed_at, position) < ($7::timestamptz, $8::bigint)
        ORDER BY placed_at :direction:, position :direction:
        LIMIT $4::bigint
    ) first
    ORDER BY first.placed_at :direction:, first.position :direction:
    LIMIT $4::bigint
