-- Words by which orders are found. $1 tenant, then parallel arrays: $2 placed at, $3 positions, and as texts with a blank
-- between two words $4 words, $5 personal words.
INSERT INTO order_search AS s (tenant_id, word, placed_at, position, personal)
SELECT $1, w.word, o.placed_at, o.position, w.personal
FROM unnest($2::timestamptz[], $3::bigint[], $4::text[], $5::text[]) AS o (placed_at, position, words, names)
CROSS JOIN LATERAL (
    SELECT t.word, false AS personal FROM string_to_table(o.words, ' ') AS t (word)
    UNION ALL
    SELECT t.word, true FROM string_to_table(o.names, ' ') AS t (word)
) w
ORDER BY w.word COLLATE "C"
ON CONFLICT (tenant_id, word, placed_at, position) DO UPDATE SET personal = false
WHERE s.personal AND NOT excluded.personal
