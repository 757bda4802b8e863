-- The database and the service's role, on every start, by the owner, with psql.
-- The role may log in here and owns nothing: the migrations say what it may touch.

SELECT 'CREATE DATABASE daybook'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'daybook')
\gexec

SELECT 'CREATE ROLE daybook_app'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'daybook_app')
\gexec

ALTER ROLE daybook_app LOGIN;
