-- Take a person's key away, for ever; who never had one gets none. $1 tenant, $2 person id.
INSERT INTO person_keys (tenant_id, person_id, wrapped) VALUES ($1, $2, NULL)
ON CONFLICT (tenant_id, person_id) DO UPDATE SET wrapped = NULL
