-- Statements that make a schema for a rebuild, in place of one of that name. $1 schema, $2 the role that works in it.
SELECT statement FROM (
    VALUES (1, format('DROP SCHEMA IF EXISTS %I CASCADE', $1::text)),
           (2, format('CREATE SCHEMA %I', $1::text)),
           (3, format('GRANT USAGE ON SCHEMA %I TO %I', $1::text, $2::text)),
           (4, format('CREATE TABLE %I.rebuild_ranges (tenant_id text COLLATE "C" NOT NULL, after bigint NOT NULL,'
                      ' upto bigint NOT NULL, until bigint NOT NULL, done boolean NOT NULL DEFAULT false,'
                      ' PRIMARY KEY (tenant_id, after))', $1::text)),
           (5, format('GRANT SELECT, UPDATE ON %I.rebuild_ranges TO %I', $1::text, $2::text))
) AS s (turn, statement)
ORDER BY turn
