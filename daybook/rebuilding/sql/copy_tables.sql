-- Statements that make empty copies of tables, with their keys, and without the indexes that are no keys.
-- $1 schema of the tables, $2 schema of the copies, $3 names of the tables text[]. One column, in the order to run them.
WITH one AS (
    SELECT c.oid, c.relowner, c.relacl, c.reloptions,
           format('%I.%I', $1::text, c.relname) AS its_name, format('%I.%I', $2::text, c.relname) AS copy
    FROM pg_class c
    WHERE c.relnamespace = to_regnamespace($1::text) AND c.relname = ANY ($3::text[])
)
SELECT statement FROM (
    SELECT 1 AS turn, format('CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES)', copy, its_name)
           || coalesce(' WITH (' || array_to_string(reloptions, ', ') || ')', '') AS statement
    FROM one
    UNION ALL
    SELECT 2, format('GRANT %s ON %s TO %s', a.privilege_type, copy,
                     CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
    FROM one CROSS JOIN aclexplode(relacl) a
    WHERE a.grantee <> relowner
    UNION ALL
    SELECT 3, format('ALTER TABLE %s ADD CONSTRAINT %I %s', copy, k.conname, pg_get_constraintdef(k.oid))
    FROM one JOIN pg_constraint k ON k.conrelid = one.oid AND k.contype IN ('p', 'u', 'x')
    UNION ALL
    SELECT 4, replace(pg_get_indexdef(i.indexrelid), format(' ON %s ', its_name), format(' ON %s ', copy))
    FROM one JOIN pg_index i ON i.indrelid = one.oid
    WHERE i.indisunique AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
) s
ORDER BY turn, statement
