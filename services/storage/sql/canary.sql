-- How far the whole of bongsu is.

-- name: marks
-- A partition that nobody stores stands still and holds the second mark up.
SELECT
    (SELECT known_at FROM liveness WHERE source = 'canary' ORDER BY minute DESC LIMIT 1) AS canary,
    (SELECT min(stored_until) FROM consumer_offset WHERE topic = ANY($1::text[])) AS stored,
    (SELECT ticked_at FROM leader_epoch) AS ticked;

-- name: unsent_since
SELECT min(due_at) FROM page WHERE accepted_at IS NULL AND given_up_at IS NULL;
