-- The position of a tenant's last erasure; 0 where there was none. $1 tenant.
SELECT coalesce(max(position), 0) FROM erasures WHERE tenant_id = $1
