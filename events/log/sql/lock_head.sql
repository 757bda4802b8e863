-- The head of a tenant's log, once no append is under way. $1 tenant.
SELECT position FROM log_heads WHERE tenant_id = $1 FOR UPDATE
