-- How many persons' keys there are, for an operator who waits. $1 tenant.
SELECT count(*) FROM person_keys WHERE tenant_id = $1 AND wrapped IS NOT NULL
