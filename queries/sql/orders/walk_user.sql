-- Along the orders of the user $2. $13 null.
    SELECT placed_at, position FROM order_list
    WHERE tenant_id = $1 AND user_id = $2 AND $13::text[] IS NULL
      AND (placed_at, position) > ($9::timestamptz, $10::bigint)
      AND (placed_at, position) < ($11::timestamptz, $12::bigint)
    ORDER BY placed_at :direction:, position :direction:
    LIMIT $8::bigint
