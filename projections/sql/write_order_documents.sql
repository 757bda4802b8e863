-- What lists show of some orders, anew. $1 tenant, $2 order ids uuid[], $3 documents text[] (parallel).
UPDATE order_list o
SET document = n.document
FROM unnest($2::uuid[], $3::text[]) AS n (order_id, document)
WHERE o.tenant_id = $1 AND o.order_id = n.order_id
