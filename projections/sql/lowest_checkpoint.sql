-- How far several projections have come, all of them. $1 tenant, $2 projections text[].
SELECT CASE WHEN count(*) = cardinality($2::text[]) THEN coalesce(min(position), 0) ELSE 0 END
FROM checkpoints WHERE tenant_id = $1 AND projection = ANY ($2::text[])
