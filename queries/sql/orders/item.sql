-- An order as ready-made JSON: an expression over a row `o` of the list. $3 status → fulfillment status → allowed
-- statuses (jsonb), $4 who reads, and whether they $5 manage orders and $6 move money.
'{' || o.document || ',"status":"' || o.status || '","fulfillment_status":"' || o.fulfillment_status
    || '","return_status":"' || o.return_status || '","payment_status":"' || o.payment_status
    || '","holds":' || o.holds || ',"version":' || o.version
    || ',"allowed_statuses":' || ($3::jsonb -> o.status -> o.fulfillment_status)::text
    || ',"allowed_actions":' || allowed_actions(o.status, o.fulfillment_status, o.return_status, o.payment_status,
                                                o.payment_terms, o.holds, o.user_id = $4::uuid, $5, $6)
    || ',"updated_at":"' || to_char(o.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '"}'
