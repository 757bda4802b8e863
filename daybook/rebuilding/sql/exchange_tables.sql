-- Statements that put one set of tables in the place of another, which is kept in a third schema.
-- $1 schema of those that come, $2 schema that serves, $3 schema that keeps those that go, $4 names of the tables text[],
-- $5 the role that serves. The schema of those that come may be the one that keeps. One column, in the order to run them.
WITH one AS (
    SELECT name, 'coming_' || $1::text AS coming, $2::text AS serving, $3::text AS kept FROM unnest($4::text[]) AS t (name)
)
SELECT statement FROM (
    SELECT 1 AS turn, format('ALTER SCHEMA %I RENAME TO %I', $1::text, 'coming_' || $1::text) AS statement
    UNION ALL SELECT 2, format('DROP SCHEMA IF EXISTS %I CASCADE', $3::text)
    UNION ALL SELECT 3, format('CREATE SCHEMA %I', $3::text)
    UNION ALL SELECT 4, format('GRANT USAGE ON SCHEMA %I TO %I', $3::text, $5::text)
    UNION ALL SELECT 5, format('ALTER TABLE %I.%I SET SCHEMA %I', serving, name, kept) FROM one
    UNION ALL SELECT 6, format('ALTER TABLE %I.%I SET SCHEMA %I', coming, name, serving) FROM one
    UNION ALL SELECT 7, format('DROP SCHEMA %I CASCADE', 'coming_' || $1::text)
) s
ORDER BY turn
