-- Lines that wait for stock. $1 tenant, then parallel arrays: $2 product ids, $3 positions, $4 order ids, $5 item ids,
-- $6 quantities.
INSERT INTO backorders (tenant_id, product_id, position, order_id, item_id, quantity)
SELECT $1, b.*
FROM unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::bigint[])
     AS b (product_id, position, order_id, item_id, quantity)
