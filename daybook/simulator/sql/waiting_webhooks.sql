-- Webhooks that are still to be sent, oldest first.
SELECT id, psp_reference, tenant, body, copies, attempts, due_at
FROM webhooks
WHERE status = 'waiting'
ORDER BY number
