-- A tenant with an empty log; nothing happens where it exists. Run by the owner. $1 tenant.
WITH added AS (
    INSERT INTO tenants (tenant_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING tenant_id
)
INSERT INTO log_heads (tenant_id) SELECT tenant_id FROM added
