-- A webhook, to be sent so many times.
INSERT INTO webhooks (id, psp_reference, tenant, type, body, copies, due_at)
VALUES (:id, :psp_reference, :tenant, :type, :body, :copies, :due_at)
