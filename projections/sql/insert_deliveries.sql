-- Deliveries to be made. $1 tenant, then parallel arrays: $2 kinds, $3 delivery ids, $4 order ids, $5 customer ids.
-- An id follows from an event: a delivery that is there already is the same one.
INSERT INTO deliveries (tenant_id, kind, delivery_id, order_id, customer_id)
SELECT $1, d.*
FROM unnest($2::text[], $3::uuid[], $4::uuid[], $5::uuid[]) AS d (kind, delivery_id, order_id, customer_id)
ON CONFLICT DO NOTHING
