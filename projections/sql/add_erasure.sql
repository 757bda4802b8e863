-- Someone was forgotten. $1 tenant, $2 position of the fact, $3 person id, $4 until when a mail may be under way, or null.
INSERT INTO erasures (tenant_id, position, person_id, mails_until) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
