-- Who was forgotten after a position, in order. $1 tenant, $2 position.
SELECT person_id, position FROM erasures WHERE tenant_id = $1 AND position > $2 ORDER BY position
