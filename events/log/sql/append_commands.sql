-- Append a batch of commands to one tenant's log, in one transaction.
-- $1 tenant, $2…$26 the parallel arrays of append_commands (see its migration).
-- One row: outcomes, positions, culprits, amounts, head.
SELECT outcomes, positions, culprits, amounts, head
FROM append_commands($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                     $22, $23, $24, $25, $26)
