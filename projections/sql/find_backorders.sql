-- Which of these orders wait for stock. $1 tenant, $2 order ids uuid[].
SELECT DISTINCT order_id FROM backorders WHERE tenant_id = $1 AND order_id = ANY ($2::uuid[])
