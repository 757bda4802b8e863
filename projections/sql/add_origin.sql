-- Begin a tree. $1 tenant, $2 its number, $3 origin, $4 verifier key, $5 reason (null for the first).
INSERT INTO seal_origins (tenant_id, number, origin, verifier_key, reason) VALUES ($1, $2, $3, $4, $5)
