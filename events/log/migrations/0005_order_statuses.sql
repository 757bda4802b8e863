-- The order list tells how far an order is fulfilled, and what of it came back
-- depends: 0004_roles

-- migrate: apply

ALTER TABLE order_list
    ADD COLUMN fulfillment_status text NOT NULL DEFAULT 'unfulfilled',
    ADD COLUMN return_status      text NOT NULL DEFAULT 'none';

-- Until now orders moved as a whole only: the new statuses follow from the old one.
UPDATE order_list
SET fulfillment_status = CASE status WHEN 'shipped' THEN 'shipped' ELSE 'delivered' END,
    return_status = CASE status WHEN 'returned' THEN 'returned' ELSE 'none' END
WHERE status IN ('shipped', 'delivered', 'returned');

ALTER TABLE order_list
    ALTER COLUMN fulfillment_status DROP DEFAULT,
    ALTER COLUMN return_status DROP DEFAULT;

-- migrate: rollback
