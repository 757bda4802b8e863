-- One payment.
SELECT psp_reference, tenant, order_id, currency, authorized, captured, refunded, voided, created_at
FROM payments
WHERE psp_reference = :psp_reference
