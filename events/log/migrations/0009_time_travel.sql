-- Every version that an order ever had, so that lists can be read as of any position or time
-- depends: 0008_seals

-- migrate: apply

-- One row a version of an order, only ever inserted. It is the order's newest from its place in the log (`from_position`)
-- and from its business time (`from_time`) on, until the next version's row begins: so ranges can neither overlap nor leave
-- a gap. `from_time` never goes back from one version to the next, also where a clock did; `updated_at` is the event's own.
-- `user_id` stands in the first version only. No personal data: `address_version` is the event that tells the address.
CREATE TABLE order_versions (
    tenant_id          text COLLATE "C" NOT NULL,
    order_id           uuid             NOT NULL,
    version            integer          NOT NULL,
    from_position      bigint           NOT NULL,
    from_time          timestamptz      NOT NULL,
    updated_at         timestamptz      NOT NULL,
    user_id            uuid,
    address_version    integer          NOT NULL,
    status             text             NOT NULL,
    fulfillment_status text             NOT NULL,
    return_status      text             NOT NULL,
    payment_status     text             NOT NULL,
    holds              text             NOT NULL,
    PRIMARY KEY (tenant_id, order_id, version)
);

-- A past list begins with the orders that there were: those recorded up to a position, or placed up to a time.
CREATE INDEX order_versions_recorded ON order_versions (tenant_id, from_position DESC) WHERE version = 1;
CREATE INDEX order_versions_recorded_of_user ON order_versions (tenant_id, user_id, from_position DESC)
    WHERE version = 1;
CREATE INDEX order_versions_placed ON order_versions (tenant_id, from_time DESC, from_position DESC)
    WHERE version = 1;
CREATE INDEX order_versions_placed_of_user ON order_versions (tenant_id, user_id, from_time DESC, from_position DESC)
    WHERE version = 1;

GRANT SELECT, INSERT ON order_versions TO daybook_app;

-- migrate: rollback
