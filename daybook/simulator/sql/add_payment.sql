-- A new payment, all of it authorized.
INSERT INTO payments (psp_reference, tenant, order_id, currency, authorized, created_at)
VALUES (:psp_reference, :tenant, :order_id, :currency, :amount, :created_at)
