-- The orders that wait for units of a product, the oldest first. $1 tenant, $2 product id, $3 at most so many.
SELECT DISTINCT position, order_id
FROM backorders
WHERE tenant_id = $1 AND product_id = $2
ORDER BY position
LIMIT $3
