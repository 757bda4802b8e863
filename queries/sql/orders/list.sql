-- A page of orders between two places of one order of theirs, which an index has.
-- $1 tenant, $2 user id (where they are one user's; else null), $3 how many, $4 how many to skip, $5 and $6 the lower end,
-- exclusive: key and position, $7 and $8 the upper end, exclusive.
SELECT :key: AS key, position, :columns:
FROM order_list o
WHERE tenant_id = $1 AND :whose:
  AND (:key:, position) > ($5, $6::bigint) AND (:key:, position) < ($7, $8::bigint)
ORDER BY :key: :direction:, position :direction:
LIMIT $3 OFFSET $4
