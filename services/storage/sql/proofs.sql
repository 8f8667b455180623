-- When paths were asked whether they work. One row a path; whoever claims it asks.

-- name: claim
-- Milliseconds, as ids have: the probe is found again by its slot.
INSERT INTO path_proof (path, asked_at)
SELECT path, date_trunc('milliseconds', clock_timestamp()) FROM unnest($1::text[]) AS path ORDER BY path
ON CONFLICT (path) DO UPDATE SET asked_at = excluded.asked_at, detail = NULL
WHERE path_proof.asked_at <= excluded.asked_at - $2::interval
RETURNING path, asked_at;

-- name: answered
-- Of a path of which nothing is seen its own word is all there is ($3).
UPDATE path_proof SET
    proven_at = CASE WHEN $3 THEN clock_timestamp() ELSE proven_at END,
    how = CASE WHEN $3 THEN 'accepted' ELSE how END,
    detail = $4
WHERE path = $1 AND asked_at = $2;

-- name: see
-- What test receivers saw of the newest probe of each path.
UPDATE path_proof AS p SET proven_at = a.seen_at, how = 'seen', detail = NULL
FROM attempts AS a
WHERE a.probe_id >= first_id_at(p.asked_at)
    AND a.probe_id < first_id_at(p.asked_at + interval '1 millisecond')
    AND a.route = 'path.' || p.path AND a.purpose = 'proof' AND a.seen_at IS NOT NULL
    AND (p.proven_at IS NULL OR p.proven_at < p.asked_at);

-- name: see_returned
-- What came back of the newest probe of each path; no clock of ours makes it older than the asking.
UPDATE path_proof AS p SET
    proven_at = greatest(e.occurred_at, p.asked_at), how = 'returned', detail = NULL
FROM evidence AS e
WHERE e.event_id >= first_id_at(p.asked_at)
    AND e.event_id < first_id_at(p.asked_at + interval '1 millisecond')
    AND e.kind = 'path.returned' AND e.body ->> 'path' = p.path
    AND (p.proven_at IS NULL OR p.proven_at < p.asked_at);

-- name: listed
SELECT path, asked_at, proven_at, how, detail FROM path_proof ORDER BY path;
