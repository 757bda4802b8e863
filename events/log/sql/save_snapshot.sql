-- Keep a snapshot, unless a later one is kept. $1 tenant, $2 stream id, $3 version, $4 state.
INSERT INTO snapshots AS s (tenant_id, stream_id, stream_version, state) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, stream_id) DO UPDATE
SET stream_version = excluded.stream_version, state = excluded.state, taken_at = now()
WHERE s.stream_version < excluded.stream_version
