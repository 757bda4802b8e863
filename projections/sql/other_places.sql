-- The schemas in which there are other sets of a table: rebuilt now, or kept. $1 name of the table.
SELECT n.nspname::text AS schema
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = $1 AND c.relkind = 'r' AND (n.nspname ~ '^(rebuild|previous)_')
ORDER BY n.nspname
