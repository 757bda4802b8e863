-- A page of orders, newest first, each as ready-made JSON.
-- $1 tenant, $2 null (everyone's), $3 status or null, $4 and $5 placed at and position of the last order
-- of the page before (or null), $6 how many, $7 how many to skip, $8 status → fulfillment status → allowed statuses (jsonb).
SELECT placed_at, position,
       '{' || document || ',"status":"' || status || '","fulfillment_status":"' || fulfillment_status
           || '","return_status":"' || return_status || '","payment_status":"' || payment_status
           || '","holds":' || holds || ',"version":' || version
           || ',"allowed_statuses":' || ($8::jsonb -> status -> fulfillment_status)::text
           || ',"updated_at":"' || to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '"}' AS item
FROM order_list
WHERE tenant_id = $1
  AND $2::uuid IS NULL
  AND ($3::text IS NULL OR status = $3)
  AND ($4::timestamptz IS NULL OR (placed_at, position) < ($4, $5::bigint))
ORDER BY placed_at DESC, position DESC
LIMIT $6 OFFSET $7
