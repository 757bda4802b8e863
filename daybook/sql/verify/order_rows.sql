-- The orders read model, by order id. $1 tenant.
SELECT order_id, user_id, placed_at, position, status, fulfillment_status, return_status, payment_status, payment_terms, holds,
       version, updated_at, total_cents, document
FROM order_list
WHERE tenant_id = $1
ORDER BY order_id
