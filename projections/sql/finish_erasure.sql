-- Nothing of it is under way any more. $1 tenant, $2 position.
UPDATE erasures SET mails_until = NULL WHERE tenant_id = $1 AND position = $2
