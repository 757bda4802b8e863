-- What became available or was taken. $1 tenant, $2 product ids uuid[], $3 changes bigint[] (parallel).
UPDATE catalogue c
SET available = c.available + n.change
FROM unnest($2::uuid[], $3::bigint[]) AS n (product_id, change)
WHERE c.tenant_id = $1 AND c.product_id = n.product_id
