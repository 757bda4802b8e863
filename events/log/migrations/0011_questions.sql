-- Lists by any filter and in either order, a search by words, and sums of what was sold
-- depends: 0010_rebuilding

-- migrate: apply

ALTER TABLE order_list ADD COLUMN total_cents bigint NOT NULL DEFAULT 0;
UPDATE order_list SET total_cents = (('{' || document || '}')::jsonb ->> 'total_cents')::bigint WHERE document <> '';
ALTER TABLE order_list ALTER COLUMN total_cents DROP DEFAULT;

-- One index serves every filter by statuses: the counts know which combinations of them there are, which are few, and a
-- page is merged from the newest orders of each.
CREATE INDEX order_list_standing
    ON order_list (tenant_id, status, payment_status, fulfillment_status, placed_at, position);
CREATE INDEX order_list_standing_of_user
    ON order_list (tenant_id, user_id, status, payment_status, fulfillment_status, placed_at, position);
CREATE INDEX order_list_largest ON order_list (tenant_id, total_cents, position);
CREATE INDEX order_list_largest_of_user ON order_list (tenant_id, user_id, total_cents, position);

-- Counts per combination of statuses.
ALTER TABLE order_counts
    DROP CONSTRAINT order_counts_pkey,
    ADD COLUMN payment_status     text NOT NULL DEFAULT '',
    ADD COLUMN fulfillment_status text NOT NULL DEFAULT '';
DELETE FROM order_counts;
INSERT INTO order_counts (tenant_id, user_id, status, payment_status, fulfillment_status, orders)
SELECT tenant_id, user_id, status, payment_status, fulfillment_status, count(*)
FROM order_list GROUP BY tenant_id, user_id, status, payment_status, fulfillment_status
UNION ALL
SELECT tenant_id, '00000000-0000-0000-0000-000000000000', status, payment_status, fulfillment_status, count(*)
FROM order_list GROUP BY tenant_id, status, payment_status, fulfillment_status;
ALTER TABLE order_counts
    ALTER COLUMN payment_status DROP DEFAULT,
    ALTER COLUMN fulfillment_status DROP DEFAULT,
    ADD PRIMARY KEY (tenant_id, user_id, status, payment_status, fulfillment_status);

-- One row for each order and each word by which it is found (events/search_words.py); the order is the one that stands at
-- this time and position in the list. `personal`: the word is known from a name or a mail address, and from nothing
-- else; when a person is forgotten, these rows go.
CREATE TABLE order_search (
    tenant_id text COLLATE "C" NOT NULL,
    word      text COLLATE "C" NOT NULL,
    placed_at timestamptz      NOT NULL,
    position  bigint           NOT NULL,
    personal  boolean          NOT NULL,
    PRIMARY KEY (tenant_id, word, placed_at, position)
);

CREATE INDEX order_search_of_order ON order_search (tenant_id, position, word);

-- What was sold: per day, per product and per customer. `key` is the product's or the customer's id, or the nil UUID;
-- of products and customers there is one row a day, and one under the day -infinity for all days together. Sums are numeric,
-- for an imported order alone may come near to the end of a bigint.
CREATE TABLE sales (
    tenant_id       text COLLATE "C" NOT NULL,
    dimension       text COLLATE "C" NOT NULL CHECK (dimension IN ('day', 'product', 'customer')),
    day             date             NOT NULL,
    key             uuid             NOT NULL,
    currency        text COLLATE "C" NOT NULL,
    orders          bigint           NOT NULL,
    units           numeric          NOT NULL,
    gross_cents     numeric          NOT NULL,
    discount_cents  numeric          NOT NULL,
    shipping_cents  numeric          NOT NULL,
    cancelled_units numeric          NOT NULL,
    cancelled_cents numeric          NOT NULL,
    returned_units  numeric          NOT NULL,
    returned_cents  numeric          NOT NULL,
    refunded_cents  numeric          NOT NULL,
    PRIMARY KEY (tenant_id, dimension, day, key, currency)
) WITH (fillfactor = 70);

GRANT SELECT, INSERT, UPDATE, DELETE ON order_search, sales TO daybook_app;

-- migrate: rollback
