-- A page of orders between two places of one order of theirs, which an index has.
-- $1 tenant, $2 user id (where they are one user's; else null), $3 to $6 see item.sql, $7 how many, $8 how many to skip,
-- $9 and $10 the lower end, exclusive: key and position, $11 and $12 the upper end, exclusive.
SELECT o.:key: AS key, o.position, :item: AS item
FROM (
    SELECT * FROM order_list
    WHERE tenant_id = $1 AND :whose:
      AND (:key:, position) > ($9, $10::bigint) AND (:key:, position) < ($11, $12::bigint)
    ORDER BY :key: :direction:, position :direction:
    LIMIT $7 OFFSET $8
) o
ORDER BY o.:key: :direction:, o.position :direction:
