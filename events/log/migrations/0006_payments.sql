-- The order list tells of payments and holds; orders that wait for payment or for stock are kept at hand
-- depends: 0005_order_statuses

-- migrate: apply

ALTER TABLE order_list
    ADD COLUMN payment_status text NOT NULL DEFAULT 'unpaid',
    ADD COLUMN payment_terms  text NOT NULL DEFAULT 'offline',
    ADD COLUMN holds          text NOT NULL DEFAULT '[]';

-- Until now nothing was paid online, and every document lacks that it was not.
UPDATE order_list SET document = document || ',"payment_terms":"offline","expires_at":null' WHERE document <> '';

ALTER TABLE order_list
    ALTER COLUMN payment_status DROP DEFAULT,
    ALTER COLUMN payment_terms DROP DEFAULT;

-- What a caller may do with an order, as JSON: events/order_actions.py says the same, and why.
CREATE FUNCTION allowed_actions(
    status text, fulfillment text, returned text, payment text, terms text, holds text,
    mine boolean, manages boolean, pays boolean
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_json(array_remove(ARRAY[
    CASE WHEN (mine OR manages) AND (status = 'pending' OR manages AND status = 'confirmed') THEN 'cancel' END,
    CASE WHEN (mine OR manages) AND (status = 'pending' OR manages AND status = 'confirmed')
              AND fulfillment = 'unfulfilled' THEN 'change_address' END,
    CASE WHEN mine OR manages THEN 'add_note' END,
    CASE WHEN (mine OR manages) AND fulfillment IN ('partially_delivered', 'delivered') AND returned <> 'returned'
         THEN 'request_return' END,
    CASE WHEN manages AND status = 'pending' AND (terms = 'offline' OR payment NOT IN ('unpaid', 'voided', 'refunded'))
              AND position('"gate":"confirm"' IN holds) = 0 THEN 'confirm' END,
    CASE WHEN manages AND status = 'confirmed' AND position('"gate":"ship"' IN holds) = 0 THEN 'ship' END,
    CASE WHEN manages AND (status = 'shipped' OR fulfillment IN ('partially_shipped', 'partially_delivered'))
         THEN 'deliver' END,
    CASE WHEN manages AND returned IN ('requested', 'partially_returned') THEN 'receive_return' END,
    CASE WHEN manages THEN 'place_hold' END,
    CASE WHEN manages AND holds <> '[]' THEN 'release_hold' END,
    CASE WHEN pays THEN 'record_payment' END,
    CASE WHEN pays AND payment IN ('authorized', 'partially_paid', 'partially_refunded') THEN 'capture' END,
    CASE WHEN pays AND payment IN ('partially_paid', 'paid', 'partially_refunded') THEN 'refund' END
], NULL))::text;

GRANT EXECUTE ON FUNCTION allowed_actions TO daybook_app;

ALTER TABLE catalogue ADD COLUMN backorder_limit bigint NOT NULL DEFAULT 0;

-- Orders that end by themselves when nobody pays, and when. Null in place of the time: they are paid for now.
CREATE TABLE expiry_timers (
    tenant_id  text COLLATE "C" NOT NULL,
    order_id   uuid             NOT NULL,
    expires_at timestamptz      NOT NULL,
    due_at     timestamptz,
    PRIMARY KEY (tenant_id, order_id)
);

CREATE INDEX expiry_timers_due ON expiry_timers (tenant_id, due_at) WHERE due_at IS NOT NULL;

-- Lines that wait for units of a product: the oldest, by the position at which its order was placed, is filled first.
CREATE TABLE backorders (
    tenant_id  text COLLATE "C" NOT NULL,
    product_id uuid             NOT NULL,
    position   bigint           NOT NULL,
    order_id   uuid             NOT NULL,
    item_id    uuid             NOT NULL,
    quantity   bigint           NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (tenant_id, product_id, position, item_id)
);

CREATE INDEX backorders_of_order ON backorders (tenant_id, order_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON expiry_timers, backorders TO daybook_app;

-- migrate: rollback
