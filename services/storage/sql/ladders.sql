-- Drills of ladders: what they show is judged in `contracts/ladder.py`.

-- name: drills
-- Every drill with a slot since $1 (only their days' partitions are read), the newest first.
SELECT a.outcome, {attempt} FROM attempts AS a
WHERE probe_id >= first_id_at($1::timestamptz) AND slot >= $1 AND purpose = 'drill'
ORDER BY slot DESC, probe_id DESC;
