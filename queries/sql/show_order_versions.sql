-- Orders as they were in some version, each as ready-made JSON. $1 tenant, $2 order ids uuid[], $3 versions int[] (parallel).
-- One row an order, in their order: order_id, item (null where the orders read model does not have the order yet),
-- address_version (the event that told the address it had then), and whether the item shows that one or perhaps a later one.
SELECT n.order_id, v.address_version,
       v.address_version = newest.address_version AND newest.version >= l.version AS address_then,
       '{' || l.document || ',"status":"' || v.status || '","fulfillment_status":"' || v.fulfillment_status
           || '","return_status":"' || v.return_status || '","payment_status":"' || v.payment_status
           || '","holds":' || v.holds || ',"version":' || v.version || ',"allowed_statuses":[],"allowed_actions":[]'
           || ',"updated_at":"' || to_char(v.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '"}' AS item
FROM unnest($2::uuid[], $3::int[]) WITH ORDINALITY AS n (order_id, version, place)
CROSS JOIN LATERAL (
    SELECT * FROM order_versions WHERE tenant_id = $1 AND order_id = n.order_id AND version = n.version LIMIT 1
) v
CROSS JOIN LATERAL (
    SELECT version, address_version FROM order_versions
    WHERE tenant_id = $1 AND order_id = n.order_id
    ORDER BY version DESC
    LIMIT 1
) newest
LEFT JOIN LATERAL (
    SELECT document, version FROM order_list WHERE tenant_id = $1 AND order_id = n.order_id LIMIT 1
) l ON true
ORDER BY n.place
