-- A projection that begins. $1 tenant, $2 projection, $3 version.
INSERT INTO checkpoints (tenant_id, projection, version) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
