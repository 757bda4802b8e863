-- How many orders a user has (the nil UUID: all users), in one status or in all. $1 tenant, $2 user id, $3 status or null.
SELECT coalesce(sum(orders), 0)::bigint FROM order_counts
WHERE tenant_id = $1 AND user_id = $2 AND ($3::text IS NULL OR status = $3)
