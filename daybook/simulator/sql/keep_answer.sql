-- The answer to a request, for when it comes again.
INSERT INTO answers (idempotency_key, request, status, content)
VALUES (:idempotency_key, :request, :status, :content)
