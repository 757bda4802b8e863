-- Whether somebody was forgotten, and nothing of it is under way any more. $1 tenant, $2 person id. No row: not yet.
SELECT mails_until IS NULL AS finished FROM erasures WHERE tenant_id = $1 AND person_id = $2
