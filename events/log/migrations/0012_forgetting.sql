-- Forgetting: a person's key can be taken away, for ever; and claims of mail addresses have a key of their own
-- depends: 0011_questions

-- migrate: apply

-- A key may be wrapped anew, or taken away. What was taken away does not come back, to the owner neither.
CREATE FUNCTION refuse_remembering() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.tenant_id, NEW.person_id) = (OLD.tenant_id, OLD.person_id)
            AND (OLD.wrapped IS NOT NULL OR NEW.wrapped IS NULL)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'who was forgotten stays so: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER keys_do_not_come_back BEFORE UPDATE OR DELETE ON person_keys
    FOR EACH ROW EXECUTE FUNCTION refuse_remembering();
CREATE TRIGGER keys_are_never_truncated BEFORE TRUNCATE ON person_keys
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_remembering();

GRANT UPDATE (wrapped) ON person_keys TO daybook_app;

-- Who was forgotten, by the position of the fact. It is written with the key's end, in the same transaction: processes
-- read on here to know whose keys and data to drop from their memory. `mails_until`: a mail to this person may be under
-- way until then, and is looked for once more after it.
CREATE TABLE erasures (
    tenant_id   text COLLATE "C" NOT NULL,
    position    bigint           NOT NULL,
    person_id   uuid             NOT NULL,
    erased_at   timestamptz      NOT NULL DEFAULT clock_timestamp(),
    mails_until timestamptz,
    PRIMARY KEY (tenant_id, position),
    CONSTRAINT erasures_one_per_person UNIQUE (tenant_id, person_id)
);

CREATE INDEX erasures_unfinished ON erasures (tenant_id, mails_until) WHERE mails_until IS NOT NULL;

-- The key under which a tenant's mail addresses are claimed, wrapped by the master key. It never changes, for a claim must
-- be found again for ever; the master key may.
CREATE TABLE claim_keys (
    tenant_id text COLLATE "C" NOT NULL PRIMARY KEY,
    wrapped   bytea            NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON erasures, claim_keys TO daybook_app;

-- migrate: rollback
