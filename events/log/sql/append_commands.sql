-- Append a batch of commands to one tenant's log, in one transaction.
-- $1 tenant, $2…$11 the batch as append_commands takes it (see its migration).
-- One row: head before the batch, exceptions, answers.
SELECT head, exceptions, answers FROM append_commands($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
