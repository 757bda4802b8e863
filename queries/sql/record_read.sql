-- Write down that somebody reads the history.
-- $1 tenant, $2 id of the read, $3 who, $4 in which role, $5 what (JSON), $6 why or null, $7 correlation id or null.
INSERT INTO history_reads (tenant_id, read_id, subject, role, what, reason, correlation_id)
VALUES ($1, $2, $3, $4, $5::text::jsonb, $6, $7)
