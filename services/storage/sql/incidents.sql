-- Incidents, their timelines and candidates, and what people ask for.

-- name: put
-- `{columns}` are all of an incident's, `{places}` their numbers, `{routes}` that of its routes,
-- `{changes}` each but the id. A body that it once hit stays.
INSERT INTO incident ({columns}, bodies) VALUES (
    {places}, ARRAY(SELECT DISTINCT split_part(route, '.', 1) FROM unnest({routes}::text[]) AS route)
)
ON CONFLICT (id) DO UPDATE SET
    {changes}, bodies = ARRAY(SELECT DISTINCT unnest(incident.bodies || excluded.bodies));

-- name: append
INSERT INTO incident_event (incident_id, number, at, kind, actor, note_ko, note_en)
SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6
FROM incident_event WHERE incident_id = $1;

-- name: append_once
-- What a timeline says once.
INSERT INTO incident_event (incident_id, number, at, kind, actor, note_ko, note_en)
SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6
FROM incident_event WHERE incident_id = $1 HAVING NOT coalesce(bool_or(kind = $3), false);

-- name: forget_candidates
DELETE FROM incident_candidate WHERE incident_id = $1;

-- name: recent
-- Open ones, and those that may still be reopened.
SELECT {columns} FROM incident WHERE status = 'open' OR closed_at > $1 ORDER BY detected_at, id;

-- name: newest
-- Open ones the worst first; what is over by time alone, or old ones would hide new ones.
SELECT {columns} FROM incident
WHERE $1 OR status = 'open'
ORDER BY
    status = 'closed', status = 'open' AND kind = 'monitor',
    CASE WHEN status = 'open' THEN severity END, detected_at DESC
LIMIT $2;

-- name: open
SELECT {columns} FROM incident WHERE status = 'open' ORDER BY kind = 'monitor', detected_at, id;

-- name: by_id
SELECT {columns} FROM incident WHERE id = $1;

-- name: of_page
SELECT {columns} FROM incident
WHERE id IN (SELECT incident_id FROM page_incident WHERE page_id = $1)
ORDER BY kind = 'monitor', severity, detected_at, id;

-- name: events
SELECT at, kind, actor, note_ko, note_en FROM incident_event WHERE incident_id = $1 ORDER BY number;

-- name: closed_by_hand
SELECT incident_id, note_ko, note_en FROM (
    SELECT DISTINCT ON (incident_id) * FROM incident_event
    WHERE incident_id = ANY ($1::text[]) AND kind = 'closed' ORDER BY incident_id, number DESC
) AS newest
WHERE actor <> 'bongsu';

-- name: candidates
SELECT component, hypothesis, gain, failed, total, separated FROM incident_candidate
WHERE incident_id = $1 ORDER BY rank;

-- name: unseparated
-- Every part of the next explanation, and what has the same messages.
SELECT incident_id, array_agg(incident_candidate.component ORDER BY rank)
FROM incident_candidate JOIN incident ON incident.id = incident_id
WHERE status = 'open' AND NOT separated GROUP BY incident_id;

-- name: ask
INSERT INTO incident_action (incident_id, kind, actor, text) VALUES ($1, $2, $3, $4)
RETURNING number;

-- name: asked
SELECT number, incident_id, kind, actor, text FROM incident_action
WHERE done_at IS NULL ORDER BY number LIMIT 100;

-- name: done
UPDATE incident_action SET done_at = clock_timestamp() WHERE number = ANY ($1);

-- name: is_done
SELECT done_at IS NOT NULL FROM incident_action WHERE number = $1;

-- name: by_ids
SELECT {columns} FROM incident WHERE id = ANY ($1::text[]);
