-- Wrap the key of a tenant's claims anew. $1 tenant, $2 as it was read, $3 wrapped anew.
UPDATE claim_keys SET wrapped = $3 WHERE tenant_id = $1 AND wrapped = $2
