-- Pages: what the leader makes, what dispatchers claim, send and record.

-- name: clock
-- One clock for all instances.
SELECT clock_timestamp();

-- name: growing
-- Digests that may take more: not accepted, and nobody is sending them. Locked until the commit, so
-- that nobody begins meanwhile.
SELECT id FROM page
WHERE kind = 'digest' AND accepted_at IS NULL AND given_up_at IS NULL
    AND (lease_until IS NULL OR lease_until <= clock_timestamp())
FOR UPDATE SKIP LOCKED;

-- name: known
-- Pages that name one of these incidents, and those that count: opened or digest, unsent or accepted
-- since $2.
SELECT p.id, p.kind, p.recipient, p.step, p.made_at, p.due_at, p.accepted_at, named.incidents,
    named.openings
FROM page AS p CROSS JOIN LATERAL (
    SELECT array_agg(incident_id ORDER BY incident_id) AS incidents,
        array_agg(opening ORDER BY incident_id) AS openings
    FROM page_incident WHERE page_id = p.id
) AS named
WHERE p.id IN (SELECT page_id FROM page_incident WHERE incident_id = ANY ($1::text[]))
    OR (p.kind IN ('opened', 'digest') AND p.given_up_at IS NULL
        AND (p.accepted_at IS NULL OR p.accepted_at > $2))
ORDER BY p.made_at, p.id;

-- name: acknowledged
-- The newest acknowledgement of each since it was closed last; a note afterwards renews it for as
-- long again.
SELECT DISTINCT ON (a.incident_id) a.incident_id,
    greatest(a.expires_at, said.noted_at + (a.expires_at - a.at)) AS until
FROM incident_ack AS a CROSS JOIN LATERAL (
    SELECT max(known_at) FILTER (WHERE kind = 'note' AND known_at > a.at) AS noted_at,
        max(known_at) FILTER (WHERE kind = 'closed') AS closed_at
    FROM incident_event WHERE incident_id = a.incident_id
) AS said
WHERE a.incident_id = ANY ($1::text[]) AND (said.closed_at IS NULL OR said.closed_at < a.at)
ORDER BY a.incident_id, a.at DESC, a.number DESC;

-- name: make
-- A repeat makes nothing twice.
INSERT INTO page (id, kind, recipient, step, made_at, due_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::timestamptz[],
    $6::timestamptz[])
ON CONFLICT (id) DO NOTHING;

-- name: make_named
INSERT INTO page_incident (page_id, incident_id, opening)
SELECT * FROM unnest($1::text[], $2::text[], $3::int[])
ON CONFLICT DO NOTHING;
