-- The stored answers of idempotency keys.
-- $1 tenant, $2 subjects uuid[], $3 keys text[] (parallel).
-- One row a key that is known: n (1-based place in the arrays), fingerprint, status, version, location, body, position.
SELECT k.n, i.fingerprint, i.status, i.version, i.location, i.body, i.position
FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS k (subject, key, n)
CROSS JOIN LATERAL (
    SELECT fingerprint, status, version, location, body, position
    FROM idempotency_keys
    WHERE tenant_id = $1 AND subject = k.subject AND key = k.key
    LIMIT 1
) i
