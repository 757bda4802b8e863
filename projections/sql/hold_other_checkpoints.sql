-- Have all other projections of a tenant stand still until the end of the transaction: what they were writing is there,
-- and what they write next they open without the keys that are taken away meanwhile. $1 tenant, $2 this projection.
SELECT FROM checkpoints WHERE tenant_id = $1 AND projection <> $2 ORDER BY projection FOR UPDATE
