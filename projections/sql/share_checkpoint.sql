-- Hold a checkpoint still until the end of the transaction, together with others that do. $1 tenant, $2 projection.
SELECT position FROM checkpoints WHERE tenant_id = $1 AND projection = $2 FOR SHARE
