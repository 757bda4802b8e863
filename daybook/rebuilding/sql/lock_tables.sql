-- The statement that shuts everyone out of some tables for the rest of a transaction. $1 schema, $2 names text[].
SELECT format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', string_agg(format('%I.%I', $1::text, name), ', ' ORDER BY name))
FROM unnest($2::text[]) AS t (name)
