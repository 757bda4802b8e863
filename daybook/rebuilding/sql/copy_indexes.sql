-- Statements that make the indexes of copied tables that are no keys, under the same names, as far as they are missing.
-- $1 schema of the tables, $2 schema of the copies, $3 names of the tables text[]. One column.
SELECT replace(pg_get_indexdef(i.indexrelid), format(' ON %I.%I ', $1::text, c.relname),
               format(' ON %I.%I ', $2::text, c.relname)) AS statement
FROM pg_class c
JOIN pg_index i ON i.indrelid = c.oid
JOIN pg_class x ON x.oid = i.indexrelid
WHERE c.relnamespace = to_regnamespace($1::text) AND c.relname = ANY ($3::text[]) AND NOT i.indisunique
    AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace($2::text) AND relname = x.relname)
    AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
ORDER BY x.relname
