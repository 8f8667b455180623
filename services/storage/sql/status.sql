-- What people look at: the state of every route, one probe, the catalogue in force.

-- name: routes
-- Scheduled probes with a slot since $1 (only their days' partitions are read): counts, spans in
-- seconds, and the newest probe of each route.
WITH lately AS (
    SELECT * FROM attempts
    WHERE probe_id >= first_id_at($1::timestamptz) AND slot >= $1 AND purpose = 'scheduled'
), newest AS (
    SELECT DISTINCT ON (route) route, {probe} FROM lately AS a ORDER BY route, slot DESC, probe_id DESC
), figures AS (
    SELECT
        route,
        count(*) AS sent,
        count(accepted_at) AS accepted,
        count(*) FILTER (WHERE answer_result = 'refused') AS refused,
        count(reported_at) AS reported,
        count(seen_at) AS seen,
        count(opened_at) AS opened,
        count(*) FILTER (
            WHERE outcome IN ('undelivered', 'rejected', 'late', 'failover')
        ) AS lost,
        count(*) FILTER (WHERE outcome = 'void') AS void,
        count(*) FILTER (WHERE outcome = 'unknown') AS unknown,
        max(seen_at) AS last_seen_at,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
            ORDER BY extract(epoch FROM accepted_at - sent_at)::float8) AS accepted_s,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
            ORDER BY extract(epoch FROM reported_at - sent_at)::float8) AS reported_s,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
            ORDER BY extract(epoch FROM seen_at - sent_at)::float8) AS seen_s,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
            ORDER BY extract(epoch FROM opened_at - sent_at)::float8) AS opened_s
    FROM lately GROUP BY route
)
SELECT * FROM figures JOIN newest USING (route) ORDER BY route;

-- name: observed
-- Routes on which nothing is sent: since when they are watched (however often the catalogue was
-- applied since), the newest post, and how many members saw one since $1.
SELECT
    route.id AS route, min(revision.known_at) AS watched_since, max(last_seen_at) AS last_seen_at,
    count(DISTINCT receiver) FILTER (WHERE last_seen_at >= $1) AS seen
FROM catalogue_object AS route
JOIN catalogue_revision AS revision USING (revision)
LEFT JOIN observed_last AS post ON post.route = route.id
WHERE kind = 'route' AND route.body->>'adapter' = 'none'
GROUP BY route.id ORDER BY route.id;

-- name: find_probe
-- A slot's ids lie in one millisecond: no key is needed to find the probe.
SELECT {probe}, route FROM attempts AS a
WHERE probe_id >= first_id_at($2::timestamptz)
    AND probe_id < first_id_at($2::timestamptz + interval '1 millisecond')
    AND route = $1 AND purpose = $3
ORDER BY probe_id LIMIT 1;

-- name: latest_catalogue
-- The objects of the revision that was applied last, before $1 where that is given.
SELECT revision, kind, body FROM catalogue_object
WHERE revision = (
    SELECT revision FROM catalogue_revision WHERE known_at < coalesce($1, 'infinity'::timestamptz)
    ORDER BY known_at DESC, revision DESC LIMIT 1
)
ORDER BY kind, id;

-- name: drills
-- Every drill with a slot since $1 (only their days' partitions are read), the newest first; what
-- they show is judged in `contracts/ladder.py`.
SELECT a.outcome, {attempt} FROM attempts AS a
WHERE probe_id >= first_id_at($1::timestamptz) AND slot >= $1 AND purpose = 'drill'
ORDER BY slot DESC, probe_id DESC;
