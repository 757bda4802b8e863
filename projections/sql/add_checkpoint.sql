-- A projection that begins. $1 tenant, $2 projection.
INSERT INTO checkpoints (tenant_id, projection) VALUES ($1, $2) ON CONFLICT DO NOTHING
