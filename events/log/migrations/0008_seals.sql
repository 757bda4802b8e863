-- Seals: a Merkle tree over each tenant's log, in tiles, and the checkpoints that were signed of it
-- depends: 0007_identity

-- migrate: apply

-- The trees of a tenant, of which the last grows. There is a second only when an operator had to begin anew, because
-- the log was no longer the one that had been sealed; those before it stay for the record.
CREATE TABLE seal_origins (
    tenant_id    text COLLATE "C" NOT NULL,
    number       integer     NOT NULL CHECK (number > 0),
    origin       text        NOT NULL,
    verifier_key text        NOT NULL,
    reason       text,
    opened_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, number)
);

-- C2SP tlog-tiles: up to 256 hashes of 32 bytes. The last tile of each level grows; a partial tile of width w is the
-- first 32·w bytes of it.
CREATE TABLE seal_tiles (
    tenant_id text COLLATE "C" NOT NULL,
    origin    integer  NOT NULL,
    level     smallint NOT NULL CHECK (level BETWEEN 0 AND 63),
    number    bigint   NOT NULL CHECK (number >= 0),
    hashes    bytea    NOT NULL CHECK (octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0),
    PRIMARY KEY (tenant_id, origin, level, number)
);

-- Hashes cannot be compressed; uncompressed, a part of them is read alone.
ALTER TABLE seal_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- `note`: the signed checkpoint. `kept`: it is kept outside this database, too; no other may be shown to anybody.
CREATE TABLE seal_checkpoints (
    tenant_id text COLLATE "C" NOT NULL,
    origin    integer     NOT NULL,
    size      bigint      NOT NULL CHECK (size > 0),
    root      bytea       NOT NULL CHECK (octet_length(root) = 32),
    note      text        NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kept      boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, origin, size)
);

CREATE INDEX seal_checkpoints_to_keep ON seal_checkpoints (tenant_id, origin, size) WHERE NOT kept;

CREATE FUNCTION refuse_unsealing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was sealed stays: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Tiles grow, and notes gain signatures of witnesses: both only at their end.
CREATE FUNCTION refuse_resealing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'seal_tiles' THEN
        IF (NEW.tenant_id, NEW.origin, NEW.level, NEW.number) = (OLD.tenant_id, OLD.origin, OLD.level, OLD.number)
            AND substr(NEW.hashes, 1, octet_length(OLD.hashes)) = OLD.hashes
        THEN
            RETURN NEW;
        END IF;
    ELSIF (NEW.tenant_id, NEW.origin, NEW.size, NEW.root, NEW.sealed_at)
            = (OLD.tenant_id, OLD.origin, OLD.size, OLD.root, OLD.sealed_at)
        AND starts_with(NEW.note, OLD.note) AND NEW.kept >= OLD.kept
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'what was sealed stays: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER origins_stay BEFORE UPDATE OR DELETE ON seal_origins FOR EACH ROW EXECUTE FUNCTION refuse_unsealing();
CREATE TRIGGER tiles_only_grow BEFORE UPDATE ON seal_tiles FOR EACH ROW EXECUTE FUNCTION refuse_resealing();
CREATE TRIGGER checkpoints_stay BEFORE UPDATE ON seal_checkpoints FOR EACH ROW EXECUTE FUNCTION refuse_resealing();
CREATE TRIGGER tiles_are_never_deleted BEFORE DELETE ON seal_tiles FOR EACH ROW EXECUTE FUNCTION refuse_unsealing();
CREATE TRIGGER checkpoints_are_never_deleted BEFORE DELETE ON seal_checkpoints
    FOR EACH ROW EXECUTE FUNCTION refuse_unsealing();
CREATE TRIGGER origins_are_never_truncated BEFORE TRUNCATE ON seal_origins
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unsealing();
CREATE TRIGGER tiles_are_never_truncated BEFORE TRUNCATE ON seal_tiles
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unsealing();
CREATE TRIGGER checkpoints_are_never_truncated BEFORE TRUNCATE ON seal_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unsealing();

GRANT SELECT, INSERT ON seal_origins TO daybook_app;
GRANT SELECT, INSERT, UPDATE ON seal_tiles, seal_checkpoints TO daybook_app;

-- migrate: rollback
