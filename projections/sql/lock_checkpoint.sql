-- Hold a checkpoint still until the end of the transaction. $1 tenant, $2 projection.
SELECT position FROM checkpoints WHERE tenant_id = $1 AND projection = $2 FOR UPDATE
