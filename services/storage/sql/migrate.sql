-- The runner of migrations.

-- name: wait_for_turn
-- Held until the connection closes. The lock's wait is bounded, and so is that of every change.
SET lock_timeout = '60s';
SELECT pg_advisory_lock(hashtext('bongsu migrate'));
SET lock_timeout = '5s';

-- name: make_ledger
-- What has been applied, and what it said then.
CREATE TABLE IF NOT EXISTS schema_migration (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: applied
-- Everything that has been applied.
SELECT name, checksum FROM schema_migration;

-- name: enter
-- In the transaction of the change itself.
INSERT INTO schema_migration (name, checksum) VALUES ($1, $2);

-- name: store_codes
-- The newest meaning of a code wins; one that is gone still explains old attempts.
INSERT INTO provider_code (adapter, code, state, fault, meaning)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
ON CONFLICT (adapter, code) DO UPDATE
SET state = excluded.state, fault = excluded.fault, meaning = excluded.meaning;

-- name: first_partitions
-- With a very long retention: making partitions must not drop any.
SELECT maintain(14, 20000);
