-- Where the log ends that was loaded. $1 tenant, $2 position.
UPDATE log_heads SET position = $2 WHERE tenant_id = $1
