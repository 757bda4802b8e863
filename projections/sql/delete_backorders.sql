-- These orders wait for nothing. $1 tenant, $2 order ids uuid[].
DELETE FROM backorders WHERE tenant_id = $1 AND order_id = ANY ($2::uuid[])
