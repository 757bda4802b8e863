-- How many orders a user has (the nil UUID: all users) in each combination of statuses. $1 tenant, $2 user id.
SELECT status, payment_status, fulfillment_status, orders
FROM order_counts
WHERE tenant_id = $1 AND user_id = $2 AND orders > 0
