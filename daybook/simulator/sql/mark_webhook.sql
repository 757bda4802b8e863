-- What came of sending a webhook once more.
UPDATE webhooks
SET status = :status, copies = :copies, attempts = attempts + 1, last_answer = :answer, due_at = :due_at
WHERE id = :id
