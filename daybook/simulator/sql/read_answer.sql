-- The answer to a request that came before under this key, and which request it was.
SELECT request, status, content
FROM answers
WHERE idempotency_key = :idempotency_key
