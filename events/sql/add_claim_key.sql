-- The key of a tenant's claims, unless it has one. $1 tenant, $2 wrapped key.
INSERT INTO claim_keys (tenant_id, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING
