-- The append: many commands in one transaction, each with its own outcome, in order
-- depends: 0001_log

-- migrate: apply

-- A batch comes as arrays of rows. Its commands, streams and products are numbered from 1; commands by their order.
-- `…_until` is the last entry that is the command's own, in the array that it names.

CREATE TYPE append_command AS (
    events_until       integer,
    reads_until        integer,
    guards_until       integer,
    predecessors_until integer,
    -- Of a command without a key, all of these are null.
    same_key           integer,  -- the first command of the batch that has this key: itself, or an earlier one
    subject            uuid,
    key                text,
    fingerprint        uuid,
    command_id         uuid,
    status             smallint,
    version            integer,
    location           text,
    body               bytea
);

CREATE TYPE append_event AS (
    stream         integer,
    expected       integer,  -- the version at which the stream must be before the command; up to 0: there is none
    stream_id      uuid,
    version        integer,
    type           text,
    schema_version smallint,
    data           bytea,
    metadata       text
);

-- A stream that a command decided on without writing to it.
CREATE TYPE append_read AS (
    stream  integer,
    version integer
);

-- A stream to look up. One whose first event is appended is believed to be new, and is not: if it exists after all,
-- events_one_version_per_stream fails the batch, and it comes again without belief.
CREATE TYPE append_stream AS (
    stream    integer,
    stream_id uuid
);

-- What became of a command that was not appended:
--   conflict    `culprit` is the stream, `amount` the version it is at (0: there is no such stream)
--   orphaned    `culprit` is the predecessor, an earlier command of this batch that was not appended
--   refused     `culprit` is the product, `amount` the quantity that is available
--   replayed    `culprit` is the earlier command of this batch that has the key; 0: its answer was stored before
--   key_reused  the key is bound to another request
CREATE TYPE append_exception AS (
    command integer,
    outcome text,
    culprit integer,
    amount  bigint
);

CREATE TYPE append_answer AS (
    command  integer,
    status   smallint,
    version  integer,
    location text,
    body     bytea,
    position bigint
);

-- append_commands(tenant, …) appends a batch of commands. It answers the head before the batch, a row for each command
-- that was not appended, and the stored answers that were asked for again. All other commands are appended: their
-- events took the positions after that head, in order and without a gap.
--
-- The commands are judged in order, each seeing what those before it did: key, then predecessors, then versions, then
-- guards. Right versions are not enough for one that was decided on a predecessor's events: another process may have
-- brought the stream to the same version with others.
-- All that is judged against is read once, into arrays, after the head lock is held; every statement in here takes a
-- new snapshot (read committed), so it sees all that was committed before the lock was given.
-- Locks: head, then stock, then keys.
CREATE FUNCTION append_commands(
    _tenant         text,
    _commands       append_command[],
    _keys           integer,           -- how many of the commands have one
    _events         append_event[],
    _reads          append_read[],
    _streams        integer,           -- how many
    _looked_up      append_stream[],
    _guard_products integer[],
    _guard_changes  bigint[],
    _products       uuid[],            -- distinct, and in their order
    _predecessors   integer[],         -- commands
    OUT head        bigint,
    OUT exceptions  append_exception[],
    OUT answers     append_answer[]
)
LANGUAGE plpgsql
-- A plan made while a table was empty is kept for ever after: it must not be a scan then either.
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    _recorded_at     timestamptz;
    _position        bigint;
    -- What the commands are judged against, as it is after the commands so far.
    _stream_at       integer[] := array_fill(NULL::integer, ARRAY[_streams]);
    _available       bigint[];
    _fingerprints    uuid[];
    _claimed_by      integer[];
    -- Which commands were appended; null where no command has a predecessor.
    _appended        boolean[];
    -- Where the events and the keyed answers go; null: nowhere.
    _event_positions bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(_events)]);
    _key_positions   bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(_commands)]);
    _stock_changed   boolean := false;
    _number          integer := 0;
    _command         append_command;
    _event           append_event;
    _read            append_read;
    _product         integer;
    _found           record;
    _obstacle        append_exception;
    _first_event     integer := 1;
    _last_event      integer;
    _first_read      integer := 1;
    _first_guard     integer := 1;
    _first_before    integer := 1;
BEGIN
    SELECT h.position INTO head FROM log_heads h WHERE h.tenant_id = _tenant FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no tenant %', _tenant USING ERRCODE = 'no_data_found';
    END IF;
    _recorded_at := clock_timestamp();
    _position := head;

    IF cardinality(_looked_up) > 0 THEN
        FOR _found IN
            SELECT s.stream, e.stream_version
            FROM unnest(_looked_up) AS s
            CROSS JOIN LATERAL (
                SELECT stream_version FROM events
                WHERE tenant_id = _tenant AND stream_id = s.stream_id
                ORDER BY stream_version DESC LIMIT 1
            ) AS e
        LOOP
            _stream_at[_found.stream] := _found.stream_version;
        END LOOP;
    END IF;

    IF cardinality(_products) > 0 THEN
        FOR _attempt IN 1 .. 2 LOOP
            SELECT array_agg(s.available ORDER BY s.product_id) INTO _available
            FROM stock s
            WHERE s.tenant_id = _tenant AND s.product_id = ANY (_products);
            EXIT WHEN cardinality(_available) = cardinality(_products);

            -- Of a product that never had stock there is none.
            INSERT INTO stock (tenant_id, product_id, available)
            SELECT _tenant, p.product_id, 0 FROM unnest(_products) AS p (product_id)
            ON CONFLICT DO NOTHING;
        END LOOP;
    END IF;

    IF _keys > 0 THEN
        _claimed_by := array_fill(0, ARRAY[cardinality(_commands)]);
        SELECT array_agg(i.fingerprint ORDER BY c.number) INTO _fingerprints
        FROM unnest(_commands) WITH ORDINALITY
             AS c (events_until, reads_until, guards_until, predecessors_until, same_key, subject, key, fingerprint,
                   command_id, status, version, location, body, number)
        LEFT JOIN LATERAL (
            SELECT fingerprint FROM idempotency_keys
            WHERE tenant_id = _tenant AND subject = c.subject AND key = c.key
            LIMIT 1
        ) AS i ON true;
    END IF;

    IF cardinality(_predecessors) > 0 THEN
        _appended := array_fill(false, ARRAY[cardinality(_commands)]);
    END IF;

    FOREACH _command IN ARRAY _commands LOOP
        _number := _number + 1;

        <<judgement>>
        BEGIN
            IF _fingerprints[_command.same_key] = _command.fingerprint THEN
                exceptions := array_append(exceptions,
                    (_number, 'replayed', _claimed_by[_command.same_key], 0)::append_exception);
                EXIT judgement;
            ELSIF _fingerprints[_command.same_key] IS NOT NULL THEN
                exceptions := array_append(exceptions, (_number, 'key_reused', 0, 0)::append_exception);
                EXIT judgement;
            END IF;

            FOR _p IN _first_before .. _command.predecessors_until LOOP
                IF NOT _appended[_predecessors[_p]] THEN
                    exceptions := array_append(exceptions,
                        (_number, 'orphaned', _predecessors[_p], 0)::append_exception);
                    EXIT judgement;
                END IF;
            END LOOP;

            _obstacle.outcome := NULL;
            _last_event := _command.events_until;
            FOR _e IN _first_event .. _last_event LOOP
                _event := _events[_e];
                IF _stream_at[_event.stream] <> _event.expected
                   OR _stream_at[_event.stream] IS NULL AND _event.expected > 0
                THEN
                    _obstacle := (_number, 'conflict', _event.stream, coalesce(_stream_at[_event.stream], 0));
                    _last_event := _e - 1;
                    EXIT;
                END IF;
            END LOOP;

            IF _obstacle.outcome IS NULL THEN
                FOR _r IN _first_read .. _command.reads_until LOOP
                    _read := _reads[_r];
                    IF coalesce(_stream_at[_read.stream], 0) <> _read.version THEN
                        _obstacle := (_number, 'conflict', _read.stream, coalesce(_stream_at[_read.stream], 0));
                        EXIT;
                    END IF;
                END LOOP;
            END IF;

            IF _obstacle.outcome IS NULL THEN
                FOR _g IN _first_guard .. _command.guards_until LOOP
                    _product := _guard_products[_g];
                    IF _available[_product] + _guard_changes[_g] < 0 THEN
                        _obstacle := (_number, 'refused', _product, _available[_product]);
                        EXIT;
                    END IF;
                END LOOP;
            END IF;

            IF _obstacle.outcome IS NOT NULL THEN
                -- A stream before it that was only believed to be new would have failed the batch; as this command is
                -- not appended, it has to be looked up.
                FOR _e IN _first_event .. _last_event LOOP
                    _event := _events[_e];
                    SELECT e.stream_version INTO _found FROM events e
                    WHERE e.tenant_id = _tenant AND e.stream_id = _event.stream_id
                          AND _stream_at[_event.stream] IS NULL
                    ORDER BY e.stream_version DESC LIMIT 1;
                    IF _found.stream_version <> _event.expected THEN
                        _obstacle := (_number, 'conflict', _event.stream, _found.stream_version);
                        EXIT;
                    END IF;
                END LOOP;
                exceptions := array_append(exceptions, _obstacle);
                EXIT judgement;
            END IF;

            -- Nothing stands in its way.
            FOR _g IN _first_guard .. _command.guards_until LOOP
                _product := _guard_products[_g];
                _available[_product] := _available[_product] + _guard_changes[_g];
                _stock_changed := true;
            END LOOP;
            FOR _e IN _first_event .. _command.events_until LOOP
                _event := _events[_e];
                _position := _position + 1;
                _event_positions[_e] := _position;
                _stream_at[_event.stream] := _event.version;
            END LOOP;
            IF _command.same_key IS NOT NULL THEN
                _fingerprints[_command.same_key] := _command.fingerprint;
                _claimed_by[_command.same_key] := _number;
                _key_positions[_number] := _position;
            END IF;
            IF _appended IS NOT NULL THEN
                _appended[_number] := true;
            END IF;
        END judgement;

        _first_event := _command.events_until + 1;
        _first_read := _command.reads_until + 1;
        _first_guard := _command.guards_until + 1;
        _first_before := _command.predecessors_until + 1;
    END LOOP;

    IF _position > head THEN
        UPDATE log_heads SET position = _position WHERE tenant_id = _tenant;

        INSERT INTO events (tenant_id, position, stream_id, stream_version, event_type, schema_version, data,
                            metadata, recorded_at)
        SELECT _tenant, e.position, e.stream_id, e.version, e.type, e.schema_version, e.data, e.metadata::jsonb,
               _recorded_at
        FROM unnest(_events, _event_positions)
             AS e (stream, expected, stream_id, version, type, schema_version, data, metadata, position)
        WHERE e.position IS NOT NULL;
    END IF;

    IF _stock_changed THEN
        -- width_bucket finds a product's number: they are in order.
        UPDATE stock SET available = _available[width_bucket(product_id, _products)]
        WHERE tenant_id = _tenant AND product_id = ANY (_products);
    END IF;

    IF _keys > 0 THEN
        INSERT INTO idempotency_keys (tenant_id, subject, key, fingerprint, command_id, status, version, location,
                                      body, position, created_at)
        SELECT _tenant, c.subject, c.key, c.fingerprint, c.command_id, c.status, c.version, c.location, c.body,
               c.position, _recorded_at
        FROM unnest(_commands, _key_positions)
             AS c (events_until, reads_until, guards_until, predecessors_until, same_key, subject, key, fingerprint,
                   command_id, status, version, location, body, position)
        WHERE c.position IS NOT NULL;

        IF exceptions IS NOT NULL THEN
            SELECT array_agg((x.command, i.status, i.version, i.location, i.body, i.position)::append_answer)
            INTO answers
            FROM unnest(exceptions) AS x
            CROSS JOIN LATERAL (
                SELECT status, version, location, body, position FROM idempotency_keys
                WHERE tenant_id = _tenant
                  AND subject = (_commands[x.command]).subject AND key = (_commands[x.command]).key
                LIMIT 1
            ) AS i
            WHERE x.outcome = 'replayed' AND x.culprit = 0;
        END IF;
    END IF;
END
$$;

-- migrate: rollback
