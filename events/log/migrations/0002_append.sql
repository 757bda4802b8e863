-- The append: many commands in one transaction, each with its own outcome, in order
-- depends: 0001_log

-- migrate: apply

-- append_commands(tenant, …) appends a batch of commands and says of each what became of it.
--
-- Arrays that belong together have the same length; an index counts from 1 into the array it names, 0 is none.
--   commands      command_ids, metadata, key_of (into keys), fingerprints, statuses, versions, locations, bodies
--   streams       the distinct streams that any command wrote or read; those believed_new are not looked up: should
--                 one exist after all, events_one_version_per_stream fails the batch, and it comes again without belief
--   keys          the distinct idempotency keys: key_subjects, keys
--   products      the distinct guarded quantities
--   expectations  per command: expect_stream (into streams) must be at expect_version; 0 also means "no such stream"
--   guards        per command: guard_product (into products) changes by guard_delta, and not below 0
--   events        per command: event_stream (into streams), event_version, event_type, event_schema, event_data
-- expect_until[c], guard_until[c], event_until[c] are the last entries that belong to command c.
--
-- Answers one row of arrays, one entry a command:
--   outcomes   appended | conflict | replayed | key_reused | refused
--   positions  appended: the position of its last event (a command without events: the head)
--   culprits   conflict: index of the stream; refused: index of the product;
--              replayed, key_reused: index of the earlier command in this batch, or 0 for a stored one
--   amounts    conflict: the version the stream is at (0: none); refused: the quantity that is available
--   head       the position after this batch
--
-- The commands are judged in order, each seeing what those before it did: key, then versions, then guards. All
-- that is judged against is read once, into arrays, after the head lock is held; every statement in here takes a
-- new snapshot (read committed), so it sees all that was committed before the lock was given.
-- Locks: head, then stock, then keys.
CREATE FUNCTION append_commands(
    _tenant         text,
    _command_ids    uuid[],
    _metadata       text[],
    _key_of         integer[],
    _fingerprints   uuid[],
    _statuses       smallint[],
    _versions       integer[],
    _locations      text[],
    _bodies         bytea[],
    _key_subjects   uuid[],
    _keys           text[],
    _streams        uuid[],
    _believed_new   boolean[],
    _expect_until   integer[],
    _expect_stream  integer[],
    _expect_version integer[],
    _products       uuid[],
    _guard_until    integer[],
    _guard_product  integer[],
    _guard_delta    bigint[],
    _event_until    integer[],
    _event_stream   integer[],
    _event_version  integer[],
    _event_type     text[],
    _event_schema   smallint[],
    _event_data     bytea[],
    OUT outcomes  text[],
    OUT positions bigint[],
    OUT culprits  integer[],
    OUT amounts   bigint[],
    OUT head      bigint
)
LANGUAGE plpgsql
-- Plans made while a table was empty would scan it for ever after.
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    _recorded_at    timestamptz;
    _first_free     bigint;
    _stream_at      integer[];
    _available      bigint[];
    _guarded        boolean[];
    _stored_print   uuid[];
    _claimed_by     integer[];
    _event_position bigint[];
    _event_command  integer[];
    _outcome        text;
    _culprit        integer;
    _amount         bigint;
    _key            integer;
    _expect         integer := 1;
    _guard          integer := 1;
    _event          integer := 1;
    _at             integer;
BEGIN
    SELECT h.position INTO head FROM log_heads h WHERE h.tenant_id = _tenant FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no tenant %', _tenant USING ERRCODE = 'no_data_found';
    END IF;
    _recorded_at := clock_timestamp();
    _first_free := head + 1;

    SELECT array_agg(e.stream_version ORDER BY s.n) INTO _stream_at
    FROM unnest(_streams, _believed_new) WITH ORDINALITY AS s (stream_id, believed_new, n)
    LEFT JOIN LATERAL (
        SELECT stream_version FROM events
        WHERE NOT s.believed_new AND tenant_id = _tenant AND stream_id = s.stream_id
        ORDER BY stream_version DESC LIMIT 1
    ) e ON true;

    IF cardinality(_products) > 0 THEN
        SELECT array_agg(coalesce(s.available, 0) ORDER BY p.n), array_agg(false) INTO _available, _guarded
        FROM unnest(_products) WITH ORDINALITY AS p (product_id, n)
        LEFT JOIN LATERAL (
            SELECT available FROM stock
            WHERE tenant_id = _tenant AND product_id = p.product_id
            LIMIT 1
        ) s ON true;
    END IF;

    IF cardinality(_keys) > 0 THEN
        SELECT array_agg(i.fingerprint ORDER BY k.n), array_agg(0) INTO _stored_print, _claimed_by
        FROM unnest(_key_subjects, _keys) WITH ORDINALITY AS k (subject, key, n)
        LEFT JOIN LATERAL (
            SELECT fingerprint FROM idempotency_keys
            WHERE tenant_id = _tenant AND subject = k.subject AND key = k.key
            LIMIT 1
        ) i ON true;
    END IF;

    outcomes := array_fill(''::text, ARRAY[cardinality(_command_ids)]);
    positions := array_fill(0::bigint, ARRAY[cardinality(_command_ids)]);
    culprits := array_fill(0, ARRAY[cardinality(_command_ids)]);
    amounts := array_fill(0::bigint, ARRAY[cardinality(_command_ids)]);
    IF cardinality(_event_stream) > 0 THEN
        _event_position := array_fill(0::bigint, ARRAY[cardinality(_event_stream)]);
        _event_command := array_fill(0, ARRAY[cardinality(_event_stream)]);
    END IF;

    FOR _command IN 1 .. cardinality(_command_ids) LOOP
        _outcome := 'appended';

        _key := _key_of[_command];
        IF _key > 0 AND _stored_print[_key] IS NOT NULL THEN
            _culprit := _claimed_by[_key];
            _outcome := CASE WHEN _stored_print[_key] = _fingerprints[_command] THEN 'replayed' ELSE 'key_reused' END;
        END IF;

        IF _outcome = 'appended' THEN
            FOR _e IN _expect .. _expect_until[_command] LOOP
                _at := _stream_at[_expect_stream[_e]];
                IF _at IS DISTINCT FROM _expect_version[_e] AND NOT (_at IS NULL AND _expect_version[_e] <= 0) THEN
                    _outcome := 'conflict';
                    _culprit := _expect_stream[_e];
                    _amount := coalesce(_at, 0);
                    EXIT;
                END IF;
            END LOOP;
        END IF;

        IF _outcome = 'appended' THEN
            FOR _g IN _guard .. _guard_until[_command] LOOP
                IF _available[_guard_product[_g]] + _guard_delta[_g] < 0 THEN
                    _outcome := 'refused';
                    _culprit := _guard_product[_g];
                    _amount := _available[_guard_product[_g]];
                    EXIT;
                END IF;
            END LOOP;
        END IF;

        IF _outcome = 'appended' THEN
            FOR _g IN _guard .. _guard_until[_command] LOOP
                _available[_guard_product[_g]] := _available[_guard_product[_g]] + _guard_delta[_g];
                _guarded[_guard_product[_g]] := true;
            END LOOP;
            FOR _e IN _event .. _event_until[_command] LOOP
                head := head + 1;
                _stream_at[_event_stream[_e]] := _event_version[_e];
                _event_position[_e] := head;
                _event_command[_e] := _command;
            END LOOP;
            IF _key > 0 THEN
                _stored_print[_key] := _fingerprints[_command];
                _claimed_by[_key] := _command;
            END IF;
            positions[_command] := head;
        ELSE
            culprits[_command] := _culprit;
            amounts[_command] := _amount;
        END IF;
        outcomes[_command] := _outcome;
        _expect := _expect_until[_command] + 1;
        _guard := _guard_until[_command] + 1;
        _event := _event_until[_command] + 1;
    END LOOP;

    IF head >= _first_free THEN
        UPDATE log_heads SET position = append_commands.head WHERE tenant_id = _tenant;

        INSERT INTO events (tenant_id, position, stream_id, stream_version, event_type, schema_version, data,
                            metadata, recorded_at)
        SELECT _tenant, e.at, _streams[e.stream], e.version, e.type, e.schema, e.data, _metadata[e.command]::jsonb,
               _recorded_at
        FROM unnest(_event_position, _event_command, _event_stream, _event_version, _event_type, _event_schema,
                    _event_data) AS e (at, command, stream, version, type, schema, data)
        WHERE e.at > 0;
    END IF;

    IF true = ANY (_guarded) THEN
        INSERT INTO stock AS s (tenant_id, product_id, available)
        SELECT _tenant, p.product_id, p.available
        FROM unnest(_products, _available, _guarded) AS p (product_id, available, guarded)
        WHERE p.guarded
        ON CONFLICT (tenant_id, product_id) DO UPDATE SET available = excluded.available;
    END IF;

    IF cardinality(_keys) > 0 THEN
        INSERT INTO idempotency_keys (tenant_id, subject, key, fingerprint, command_id, status, version, location,
                                      body, position, created_at)
        SELECT _tenant, _key_subjects[c.key_of], _keys[c.key_of], c.fingerprint, c.command_id, c.status, c.version,
               c.location, c.body, c.at, _recorded_at
        FROM unnest(_key_of, _fingerprints, _command_ids, _statuses, _versions, _locations, _bodies, positions,
                    outcomes)
             AS c (key_of, fingerprint, command_id, status, version, location, body, at, outcome)
        WHERE c.key_of > 0 AND c.outcome = 'appended';
    END IF;
END
$$;

-- migrate: rollback
