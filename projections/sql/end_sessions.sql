-- End the sessions of an account that was disabled: all that it has, however late this is; but if it was enabled again since,
-- only those that it had then, with a moment for a login that was under way. $1 tenant, $2 account id, $3 when,
-- $4 the account's stream, $5 the version at which it was disabled.
UPDATE sessions SET revoked_at = clock_timestamp()
WHERE tenant_id = $1 AND account_id = $2 AND revoked_at IS NULL
    AND (
        created_at <= $3::timestamptz + interval '5 seconds'
        OR NOT EXISTS (
            SELECT FROM events
            WHERE tenant_id = $1 AND stream_id = $4 AND stream_version > $5 AND event_type = 'AccountEnabled'
        )
    )
