-- The position of a tenant's last event; 0 for none. $1 tenant.
SELECT position FROM log_heads WHERE tenant_id = $1
