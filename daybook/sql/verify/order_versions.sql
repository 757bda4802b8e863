-- Whether the order history has exactly the versions that the log tells, each from its place and its time on, and ends where
-- the orders read model stands.
-- $1 tenant, $2 the position up to which the history has come, $3 event types that make versions, $4 the position up to which
-- the orders read model has come; where that is another one, only orders at the same version are compared.
-- One row: versions, wrong, example (an order, or null).
WITH kept AS (
    SELECT order_id, version, from_position, from_time = greatest(updated_at, lag(from_time) OVER turns) AS in_turn
    FROM order_versions
    WHERE tenant_id = $1
    WINDOW turns AS (PARTITION BY order_id ORDER BY version)
), told AS (
    SELECT stream_id AS order_id, stream_version AS version, position
    FROM events
    WHERE tenant_id = $1 AND position <= $2 AND event_type = ANY ($3::text[])
), newest AS (
    SELECT DISTINCT ON (order_id) *
    FROM order_versions
    WHERE tenant_id = $1
    ORDER BY order_id, version DESC
), faults AS (
    SELECT order_id FROM kept FULL JOIN told USING (order_id, version)
    WHERE kept.from_position IS DISTINCT FROM told.position OR NOT kept.in_turn
    UNION ALL
    SELECT n.order_id
    FROM newest n
    LEFT JOIN order_list l ON l.tenant_id = $1 AND l.order_id = n.order_id AND l.version = n.version
    WHERE CASE
        WHEN l.order_id IS NULL THEN $2 = $4::bigint
        ELSE (l.status, l.fulfillment_status, l.return_status, l.payment_status, l.holds, l.updated_at)
             <> (n.status, n.fulfillment_status, n.return_status, n.payment_status, n.holds, n.updated_at)
    END
)
SELECT (SELECT count(*) FROM kept) AS versions, count(*) AS wrong, min(order_id::text) AS example FROM faults
