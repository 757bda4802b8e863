-- Whether there is such a schema. $1 schema.
SELECT to_regnamespace($1::text) IS NOT NULL
