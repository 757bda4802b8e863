-- The orders read model, a text a row, by order id. Personal data is left out: it cannot be told again from an export.
-- $1 tenant.
SELECT jsonb_build_array(
           order_id, user_id, to_char(placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), position,
           status, fulfillment_status, return_status, payment_status, payment_terms, holds::jsonb, version,
           to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
           CASE WHEN '{' || document || '}' IS JSON OBJECT THEN ('{' || document || '}')::jsonb - 'shipping_address'
                ELSE to_jsonb(document) END
       )::text
FROM order_list
WHERE tenant_id = $1
ORDER BY order_id
