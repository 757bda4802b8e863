-- Deliveries to be made. $1 tenant, $2 kind, then parallel arrays: $3 delivery ids, $4 order ids, $5 customer ids.
-- An id follows from its order: a delivery that is there already is the same one.
INSERT INTO deliveries (tenant_id, delivery_id, kind, order_id, customer_id)
SELECT $1, d.delivery_id, $2, d.order_id, d.customer_id
FROM unnest($3::uuid[], $4::uuid[], $5::uuid[]) AS d (delivery_id, order_id, customer_id)
ON CONFLICT DO NOTHING
