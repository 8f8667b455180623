-- One leader: an advisory lock of a connection that pings, and an epoch in every write.

-- name: try_lock
SELECT pg_try_advisory_lock(hashtext('bongsu leader'));

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
UPDATE leader_epoch SET ticked_at = $2 WHERE epoch = $1 RETURNING true;

-- name: await_writes
-- Waits for what this epoch still writes, like a commit of which no answer came.
SELECT true FROM leader_epoch WHERE epoch = $1 FOR UPDATE;

-- name: ticked_at
SELECT ticked_at FROM leader_epoch;
