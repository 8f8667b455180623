-- The detector's memory. Only the leader writes it.

-- name: save_memory
INSERT INTO detector_state (memory) VALUES ($1)
ON CONFLICT (only_row) DO UPDATE SET memory = excluded.memory;

-- name: save_laws
UPDATE detector_state SET learnt_at = $1;

-- name: forget_laws
DELETE FROM detector_table;

-- name: load_memory
-- Locked, so that the laws that are read next are those of this memory.
SELECT memory, learnt_at FROM detector_state WHERE memory IS NOT NULL AND learnt_at IS NOT NULL
FOR SHARE;

-- name: load_laws
SELECT medium, name, arrived, lost FROM detector_table ORDER BY medium, name;
