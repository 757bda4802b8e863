-- Who was forgotten while a mail to them was under way, which has come by now, or never will. $1 tenant.
SELECT position, person_id FROM erasures
WHERE tenant_id = $1 AND mails_until IS NOT NULL AND mails_until < clock_timestamp()
