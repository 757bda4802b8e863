-- Along the orders of the user $2. $9 null.
    SELECT placed_at, position FROM order_list
    WHERE tenant_id = $1 AND user_id = $2 AND $9::text[] IS NULL
      AND (placed_at, position) > ($5::timestamptz, $6::bigint)
      AND (placed_at, position) < ($7::timestamptz, $8::bigint)
    ORDER BY placed_at :direction:, position :direction:
    LIMIT $4::bigint
