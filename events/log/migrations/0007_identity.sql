-- Sessions that refresh tokens keep alive, and accounts that follow the log
-- depends: 0006_payments

-- migrate: apply

-- One row a session: the family of all refresh tokens that came of one login. Of its tokens only the current one and its
-- immediate predecessor are known, as SHA-256; whatever else names the session was used before.
CREATE TABLE sessions (
    tenant_id     text COLLATE "C" NOT NULL,
    session_id    uuid        NOT NULL,
    account_id    uuid        NOT NULL,
    token_hash    bytea       NOT NULL,
    previous_hash bytea,
    rotated_at    timestamptz,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at    timestamptz NOT NULL,
    revoked_at    timestamptz,
    PRIMARY KEY (tenant_id, session_id)
) WITH (fillfactor = 70);

CREATE INDEX sessions_of_account ON sessions (tenant_id, account_id) WHERE revoked_at IS NULL;
CREATE INDEX sessions_revoked ON sessions (tenant_id, revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX sessions_expiring ON sessions (tenant_id, expires_at);

-- All but the password follows the log. Who was invited has none yet. `stream_id`: the account's stream in the log, and
-- `position` that of the invitation; both are null for accounts from before accounts were in the log.
ALTER TABLE accounts
    ALTER COLUMN password_hash DROP NOT NULL,
    ADD COLUMN name      text NOT NULL DEFAULT '',
    ADD COLUMN status    text NOT NULL DEFAULT 'active' CHECK (status IN ('invited', 'active', 'disabled')),
    ADD COLUMN stream_id uuid,
    ADD COLUMN position  bigint,
    ADD COLUMN version   integer NOT NULL DEFAULT 0;

CREATE UNIQUE INDEX accounts_by_stream ON accounts (tenant_id, stream_id);
CREATE INDEX accounts_in_order ON accounts (tenant_id, position);

GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO daybook_app;

-- migrate: rollback
