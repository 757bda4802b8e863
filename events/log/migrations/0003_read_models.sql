-- Checkpoints, read models, deliveries and accounts: all that can be derived from the log, or is not a fact of it
-- depends: 0002_append

-- migrate: apply

CREATE TABLE checkpoints (
    tenant_id  text COLLATE "C"        NOT NULL,
    projection text        NOT NULL,
    position   bigint      NOT NULL DEFAULT 0,
    moved_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, projection)
) WITH (fillfactor = 10);

-- Events that a projection could not apply, and the later ones of their streams, which wait behind them.
CREATE TABLE parked_events (
    tenant_id  text COLLATE "C"        NOT NULL,
    projection text        NOT NULL,
    position   bigint      NOT NULL,
    stream_id  uuid        NOT NULL,
    error      text        NOT NULL,
    parked_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, projection, position)
);

-- One row an order, shaped as the list answers it: what never changes is ready-made JSON without its braces.
CREATE TABLE order_list (
    tenant_id  text COLLATE "C"        NOT NULL,
    order_id   uuid        NOT NULL,
    user_id    uuid        NOT NULL,
    placed_at  timestamptz NOT NULL,
    position   bigint      NOT NULL,
    status     text        NOT NULL,
    version    integer     NOT NULL,
    updated_at timestamptz NOT NULL,
    document   text        NOT NULL,
    PRIMARY KEY (tenant_id, order_id)
) WITH (fillfactor = 80);

CREATE INDEX order_list_newest ON order_list (tenant_id, placed_at DESC, position DESC);
CREATE INDEX order_list_newest_of_user ON order_list (tenant_id, user_id, placed_at DESC, position DESC);

-- Counts are kept, not taken: per user, and for all users under the nil UUID.
CREATE TABLE order_counts (
    tenant_id text COLLATE "C"   NOT NULL,
    user_id   uuid   NOT NULL,
    status    text   NOT NULL,
    orders    bigint NOT NULL,
    PRIMARY KEY (tenant_id, user_id, status)
) WITH (fillfactor = 50);

CREATE TABLE catalogue (
    tenant_id   text COLLATE "C"    NOT NULL,
    product_id  uuid    NOT NULL,
    sku         text    NOT NULL,
    name        text    NOT NULL,
    price_cents bigint  NOT NULL,
    currency    text    NOT NULL,
    available   bigint  NOT NULL DEFAULT 0,
    version     integer NOT NULL,
    PRIMARY KEY (tenant_id, product_id)
) WITH (fillfactor = 50);

CREATE INDEX catalogue_by_sku ON catalogue (tenant_id, sku, product_id);

-- One row an effect in the world. Postgres, not the broker, knows what is due, who has it and how often it was tried.
CREATE TABLE deliveries (
    tenant_id    text COLLATE "C"        NOT NULL,
    delivery_id  uuid        NOT NULL,
    kind         text        NOT NULL,
    order_id     uuid        NOT NULL,
    customer_id  uuid        NOT NULL,
    status       text        NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'leased', 'done', 'dead')),
    attempts     integer     NOT NULL DEFAULT 0,
    due_at       timestamptz NOT NULL DEFAULT now(),
    last_error   text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    PRIMARY KEY (tenant_id, delivery_id)
) WITH (fillfactor = 70);

CREATE INDEX deliveries_due ON deliveries (tenant_id, due_at) WHERE status IN ('pending', 'leased');
CREATE INDEX deliveries_dead ON deliveries (tenant_id, created_at) WHERE status = 'dead';

CREATE TABLE accounts (
    tenant_id     text COLLATE "C"        NOT NULL,
    account_id    uuid        NOT NULL,
    email         text        NOT NULL,
    password_hash text        NOT NULL,
    roles         text[]      NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, account_id),
    CONSTRAINT accounts_one_per_email UNIQUE (tenant_id, email)
);

-- What a stock `eventsourcing` application reads of one tenant (setting daybook.tenant, else 'default'): its own
-- table by name and shape, with the state as its mapper expects it. Read-only: the log is written by the append alone.
CREATE VIEW stored_events AS
SELECT e.stream_id AS originator_id,
       e.stream_version::bigint AS originator_version,
       e.event_type AS topic,
       convert_to((
           (j.data - 'timestamp')
           || jsonb_build_object('timestamp', jsonb_build_object('_type_', 'datetime_iso', '_data_', j.data -> 'timestamp'))
           || CASE WHEN e.schema_version > 1 THEN jsonb_build_object('class_version', e.schema_version) ELSE '{}' END
       )::text, 'UTF8') AS state,
       e.position AS notification_id
FROM events e
CROSS JOIN LATERAL (SELECT convert_from(e.data, 'UTF8')::jsonb AS data) j
WHERE e.tenant_id = coalesce(nullif(current_setting('daybook.tenant', true), ''), 'default');

-- migrate: rollback
