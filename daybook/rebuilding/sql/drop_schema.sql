-- The statement that drops a schema, if it is there. $1 schema.
SELECT format('DROP SCHEMA IF EXISTS %I CASCADE', $1::text)
