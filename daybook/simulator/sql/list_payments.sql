-- Payments, oldest first: of one order, or all.
SELECT psp_reference, tenant, order_id, currency, authorized, captured, refunded, voided, created_at
FROM payments
WHERE :order_id IS NULL OR order_id = :order_id
ORDER BY number
