-- The wrapped key of a tenant's claims. $1 tenant.
SELECT wrapped FROM claim_keys WHERE tenant_id = $1
