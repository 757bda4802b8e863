-- What was captured, refunded or voided of a payment, added to what was before.
UPDATE payments
SET captured = captured + :captured, refunded = refunded + :refunded, voided = voided + :voided
WHERE psp_reference = :psp_reference
