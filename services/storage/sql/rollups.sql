-- Rollups of days and of months so far.

-- name: stored_until
-- Everything known before it is stored, whatever its topic and partition.
SELECT min(stored_until) FROM consumer_offset;

-- name: days
-- Of one item, from $3 to $4, both included.
SELECT {day} FROM rollup_day
WHERE body = $1 AND channel = $2 AND day BETWEEN $3 AND $4 ORDER BY day;

-- name: known_days
SELECT DISTINCT day FROM rollup_day ORDER BY day;

-- name: of_day
SELECT {day} FROM rollup_day WHERE day = $1 ORDER BY body, channel;

-- name: months
SELECT {month} FROM rollup_month WHERE month = $1 ORDER BY body, channel;

-- name: put_days
-- A slower replica puts no older state over a newer one.
INSERT INTO rollup_day AS old ({day})
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::date[], $4::timestamptz[], $5::text[], $6::json[], $7::bigint[],
    $8::text[]
)
ON CONFLICT (body, channel, day) DO UPDATE SET
    known_until = excluded.known_until, made_of = excluded.made_of, totals = excluded.totals,
    evidence_count = excluded.evidence_count, evidence = excluded.evidence
WHERE old.known_until <= excluded.known_until;

-- name: put_month
INSERT INTO rollup_month AS old ({month}) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (month, body, channel) DO UPDATE SET
    known_until = excluded.known_until, objective_ppm = excluded.objective_ppm,
    totals = excluded.totals
WHERE old.known_until <= excluded.known_until;
