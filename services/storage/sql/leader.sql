-- One leader: an advisory lock of a connection that pings, and an epoch in every write.

-- name: try_lock
SELECT pg_try_advisory_lock(hashtext('bongsu leader'));

-- name: forget_locks
SELECT pg_advisory_unlock_all();

-- name: show_ticks
-- Held by every session whose detector goes on, beside the lock of the leader.
SELECT pg_try_advisory_lock_shared(hashtext('bongsu ticks'));

-- name: others_tick
-- Looked up, not tried: two that try at once would take each other for one that ticks.
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32 | objid::bigint) = hashtext('bongsu ticks')
);

-- name: begin_epoch
-- Waits for what the leader before still writes under its own epoch.
INSERT INTO leader_epoch AS old (epoch, holder) VALUES (1, $1)
ON CONFLICT (only_row) DO UPDATE SET
    epoch = old.epoch + 1, holder = excluded.holder, since = clock_timestamp()
RETURNING epoch;

-- name: ping
SELECT true;

-- name: hold_epoch
-- Locked until the commit: the next leader begins after it, or before it and this finds nothing.
UPDATE leader_epoch SET ticked_at = coalesce($2, ticked_at) WHERE epoch = $1 RETURNING true;

-- name: await_writes
-- Waits for what this epoch still writes, like a commit of which no answer came.
SELECT true FROM leader_epoch WHERE epoch = $1 FOR UPDATE;

-- name: ticked_at
SELECT ticked_at FROM leader_epoch;
