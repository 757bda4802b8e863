-- Who read the history, and the ways in which auditors look for events
-- depends: 0012_forgetting

-- migrate: apply

-- One row for each read of the history: written before the first byte of the answer leaves, and never changed.
-- It stands beside the log, not in it: who follows the log by reading it would never come to its end.
CREATE TABLE history_reads (
    tenant_id      text COLLATE "C" NOT NULL,
    read_id        uuid        NOT NULL,
    subject        text        NOT NULL,
    role           text        NOT NULL,
    what           jsonb       NOT NULL,
    reason         text,
    correlation_id text,
    read_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, read_id)
);

CREATE TRIGGER reads_are_never_changed BEFORE UPDATE OR DELETE ON history_reads
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reads_are_never_truncated BEFORE TRUNCATE ON history_reads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON history_reads TO daybook_app;

-- What one request led to, also far from it: all of it carries the request's correlation id.
CREATE INDEX events_by_correlation ON events (tenant_id, (metadata ->> 'correlation_id'), position)
    WHERE metadata ? 'correlation_id';

-- What happened because of an order beside its own stream, such as its confirmation.
CREATE INDEX events_by_subject ON events (tenant_id, (metadata ->> 'about'), position) WHERE metadata ? 'about';

-- migrate: rollback
