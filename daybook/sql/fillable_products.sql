-- Products that orders wait for, of which there are some. $1 tenant.
SELECT b.product_id
FROM (SELECT DISTINCT product_id FROM backorders WHERE tenant_id = $1) b
JOIN stock s ON s.tenant_id = $1 AND s.product_id = b.product_id
WHERE s.available > 0
