-- Webhooks with what became of them, oldest first.
SELECT id, psp_reference, tenant, type, status, copies, attempts, last_answer
FROM webhooks
ORDER BY number
