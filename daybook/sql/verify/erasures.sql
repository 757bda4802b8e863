-- Whether whoever was forgotten has no key any more. $1 tenant, $2 the position up to which the erasures have come.
-- One row: erased (persons), wrong (those whose key is still there), example (such a person, or null).
SELECT count(*) AS erased,
       count(*) FILTER (WHERE k.person_id IS NULL OR k.wrapped IS NOT NULL) AS wrong,
       min(e.stream_id::text) FILTER (WHERE k.person_id IS NULL OR k.wrapped IS NOT NULL) AS example
FROM events e
LEFT JOIN person_keys k ON k.tenant_id = $1 AND k.person_id = e.stream_id
WHERE e.tenant_id = $1 AND e.event_type = 'CustomerErased' AND e.position <= $2
