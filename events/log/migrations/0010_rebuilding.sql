-- Which version of a projection made a tenant's rows, so that older code never writes to what newer code has made
-- depends: 0009_time_travel

-- migrate: apply

-- A projection that is rebuilt has a second row while it is made, named orders~rebuild, and one for the tables that are
-- kept afterwards, orders~previous. Serving, rebuilt and kept tables change places by changing these names.
ALTER TABLE checkpoints ADD COLUMN version integer NOT NULL DEFAULT 1;

-- migrate: rollback
