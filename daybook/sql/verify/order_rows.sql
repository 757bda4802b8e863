-- A part of the orders read model, by order id. $1 tenant, $2 number of the part, from 0, $3 of so many.
SELECT order_id, user_id, placed_at, position, status, fulfillment_status, return_status, payment_status, payment_terms, holds,
       version, updated_at, total_cents, document
FROM order_list
WHERE tenant_id = $1 AND ($3 = 1 OR (uuid_hash(order_id) & 1073741823) % $3 = $2)
ORDER BY order_id
