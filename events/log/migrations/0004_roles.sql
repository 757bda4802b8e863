-- The role the service works as: it may add to the log and read it, and no more
-- depends: 0003_read_models

-- migrate: apply

DO $$
BEGIN
    CREATE ROLE daybook_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;

GRANT USAGE ON SCHEMA public TO daybook_app;
GRANT SELECT ON tenants TO daybook_app;
GRANT SELECT, INSERT ON events, person_keys TO daybook_app;
GRANT SELECT, UPDATE ON log_heads TO daybook_app;
GRANT SELECT, INSERT, UPDATE ON snapshots, stock, order_number_blocks, checkpoints, deliveries TO daybook_app;
GRANT SELECT, INSERT, DELETE ON idempotency_keys TO daybook_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON parked_events, order_list, order_counts, catalogue, accounts TO daybook_app;
GRANT SELECT ON stored_events TO daybook_app;

-- migrate: rollback
