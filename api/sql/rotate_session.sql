-- Present a refresh token of a session that lives. $1 tenant, $2 session id, $3 SHA-256 of the token, $4 SHA-256 of its
-- successor, $5 idle lifetime (interval), $6 how long the immediate predecessor may come again (interval).
-- The current token makes way for its successor; the immediate predecessor, in time, changes nothing; any other token was
-- used before, and revokes the session. Of two at once the second waits for the row, and is judged on what the first made.
-- One row: account_id, reused; none where no such session lives.
UPDATE sessions
SET token_hash = CASE WHEN token_hash = $3 THEN $4 ELSE token_hash END,
    previous_hash = CASE WHEN token_hash = $3 THEN $3 ELSE previous_hash END,
    rotated_at = CASE WHEN token_hash = $3 THEN clock_timestamp() ELSE rotated_at END,
    expires_at = CASE WHEN token_hash = $3 THEN clock_timestamp() + $5::interval ELSE expires_at END,
    revoked_at = CASE
        WHEN token_hash = $3 THEN NULL
        WHEN previous_hash = $3 AND rotated_at > clock_timestamp() - $6::interval THEN NULL
        ELSE clock_timestamp()
    END
WHERE tenant_id = $1 AND session_id = $2 AND revoked_at IS NULL AND expires_at > clock_timestamp()
RETURNING account_id, revoked_at IS NOT NULL AS reused
