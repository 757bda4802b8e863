-- Forget the words that are known from names and mail addresses alone. $1 tenant, $2 the orders' positions bigint[].
DELETE FROM order_search WHERE tenant_id = $1 AND position = ANY ($2::bigint[]) AND personal
