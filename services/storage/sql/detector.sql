-- The detector's memory and its open causes; one writer at a time.

-- name: take_turn
-- $1 writes for the next 10 s, unless somebody else still does. The row stays locked until the
-- commit: what a writer that lost its turn began, it does not finish.
INSERT INTO detector AS old (writer, writes_until, ticked_at)
VALUES ($1, clock_timestamp() + interval '10 s', $2)
ON CONFLICT (only_row) DO UPDATE SET
    writer = excluded.writer, writes_until = excluded.writes_until, ticked_at = excluded.ticked_at
WHERE old.writer = excluded.writer OR old.writes_until < clock_timestamp()
RETURNING true;

-- name: give_back
-- Whoever comes next need not wait.
UPDATE detector SET writes_until = clock_timestamp() WHERE writer = $1;

-- name: forget_causes
DELETE FROM detector_cause;

-- name: save_memory
UPDATE detector SET memory = $1;

-- name: save_laws
UPDATE detector SET learnt_at = $1;

-- name: forget_laws
DELETE FROM detector_law;

-- name: load_memory
-- Locked, so that the laws that are read next are those of this memory.
SELECT memory, learnt_at FROM detector WHERE memory IS NOT NULL AND learnt_at IS NOT NULL
FOR SHARE;

-- name: load_laws
SELECT medium, name, arrived, lost FROM detector_law ORDER BY medium, name;

-- name: causes
-- The open causes, outages first; and when the detector ticked last.
SELECT * FROM detector_cause ORDER BY monitor, opened_at, component;

-- name: ticked_at
SELECT ticked_at FROM detector;
