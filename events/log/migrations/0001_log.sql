-- The log: one table of events, one head row per tenant, and what an append decides against
-- depends:

-- migrate: apply

CREATE TABLE tenants (
    tenant_id  text COLLATE "C"        NOT NULL PRIMARY KEY CHECK (tenant_id ~ '^[a-z][a-z0-9-]{0,39}$'),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- The head row is locked at the start of every append and advanced in the same transaction. That, and nothing
-- else, makes positions dense and in commit order. The low fill factor keeps its updates on one page (HOT).
CREATE TABLE log_heads (
    tenant_id text COLLATE "C"   NOT NULL PRIMARY KEY,
    position  bigint NOT NULL DEFAULT 0 CHECK (position >= 0)
) WITH (fillfactor = 10);

CREATE TABLE events (
    tenant_id      text COLLATE "C"        NOT NULL,
    position       bigint      NOT NULL CHECK (position > 0),
    stream_id      uuid        NOT NULL,
    stream_version integer     NOT NULL CHECK (stream_version >= 0),
    event_type     text        NOT NULL,
    schema_version smallint    NOT NULL,
    data           bytea       NOT NULL,
    metadata       jsonb       NOT NULL,
    recorded_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, position),
    CONSTRAINT events_one_version_per_stream UNIQUE (tenant_id, stream_id, stream_version)
);

-- A customer who comes back to a live stream reads all events about that customer's orders after a position.
CREATE INDEX events_by_owner ON events (tenant_id, (metadata ->> 'owner'), position) WHERE metadata ? 'owner';

-- The state of an aggregate at a version, where its stream is long. Derived: it may be deleted at any time.
CREATE TABLE snapshots (
    tenant_id      text COLLATE "C" NOT NULL,
    stream_id      uuid             NOT NULL,
    stream_version integer          NOT NULL,
    state          bytea            NOT NULL,
    taken_at       timestamptz      NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, stream_id)
);

-- A guarded quantity. Derived from the log and changed only by the append; the CHECK is the net beneath it.
CREATE TABLE stock (
    tenant_id  text COLLATE "C"   NOT NULL,
    product_id uuid   NOT NULL,
    available  bigint NOT NULL CONSTRAINT stock_never_negative CHECK (available >= 0),
    PRIMARY KEY (tenant_id, product_id)
) WITH (fillfactor = 50);

-- What a key was first answered with. The body is stored as the exact bytes, so that a repeat gets the same.
CREATE TABLE idempotency_keys (
    tenant_id   text COLLATE "C"        NOT NULL,
    subject     uuid        NOT NULL,
    key         text        NOT NULL,
    fingerprint uuid        NOT NULL,
    command_id  uuid        NOT NULL,
    status      smallint    NOT NULL,
    version     integer     NOT NULL,
    location    text,
    body        bytea       NOT NULL,
    position    bigint      NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, subject, key)
);

-- Keys are purged by age, and arrive in order of age: a block range index costs an insert next to nothing.
CREATE INDEX idempotency_keys_by_age ON idempotency_keys USING brin (created_at);

-- Keys of persons, wrapped by the master key, apart from the log: without its key, what the log says of a person
-- cannot be read any more. A null in place of a key is a person who was forgotten, and gets no new one.
CREATE TABLE person_keys (
    tenant_id  text COLLATE "C"        NOT NULL,
    person_id  uuid        NOT NULL,
    wrapped    bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, person_id)
);

-- Short order numbers come in blocks, so that a process asks once for many; a lost block is only a gap.
CREATE TABLE order_number_blocks (
    tenant_id text COLLATE "C"   NOT NULL PRIMARY KEY,
    next      bigint NOT NULL DEFAULT 0
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_are_never_truncated BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION refuse_retreat() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.position < OLD.position OR NEW.tenant_id <> OLD.tenant_id THEN
        RAISE EXCEPTION 'the head of a log never goes back' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER heads_never_retreat BEFORE UPDATE ON log_heads
    FOR EACH ROW EXECUTE FUNCTION refuse_retreat();
CREATE TRIGGER heads_are_never_deleted BEFORE DELETE ON log_heads
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER heads_are_never_truncated BEFORE TRUNCATE ON log_heads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- migrate: rollback
