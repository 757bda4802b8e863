-- An event that has been applied after all. $1 tenant, $2 projection, $3 position.
DELETE FROM parked_events WHERE tenant_id = $1 AND projection = $2 AND position = $3
