-- Lists are shown by Python, as orders are: what a caller may do is said in one place.
-- depends: 0013_history_reads

-- migrate: apply

DROP FUNCTION allowed_actions(text, text, text, text, text, text, boolean, boolean, boolean);

-- migrate: rollback
