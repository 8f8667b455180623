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
SELECT p.id, p.kind, p.recipient, p.step, p.made_at, p.due_at, p.accepted_at, p.given_up_at,
    named.incidents, named.openings
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

-- name: claim
-- Due, nobody's, and next of what its recipient hears of its incidents: an all-clear after all else
-- of that opening, an opening after what there is of the one before. All-clears come last; two of a
-- recipient at once, and none of those who are busy ($4): who hangs keeps nobody else waiting.
WITH ranked AS (
    SELECT id, kind, due_at, row_number() OVER (
        PARTITION BY recipient ORDER BY kind = 'cleared', due_at, id
    ) AS place
    FROM page AS waiting
    WHERE accepted_at IS NULL AND given_up_at IS NULL AND due_at <= statement_timestamp()
        AND (lease_until IS NULL OR lease_until <= statement_timestamp())
        AND recipient <> ALL ($4::text[])
        AND NOT EXISTS (
            SELECT FROM page_incident AS mine
            JOIN page_incident AS other ON other.incident_id = mine.incident_id
                AND other.page_id <> mine.page_id
                AND (other.opening < mine.opening
                    OR (other.opening = mine.opening AND waiting.kind = 'cleared'))
            JOIN page AS before ON before.id = other.page_id
                AND before.recipient = waiting.recipient
                AND before.accepted_at IS NULL AND before.given_up_at IS NULL
            WHERE mine.page_id = waiting.id
        )
), due AS (
    SELECT id FROM page
    WHERE id = ANY (ARRAY(
        SELECT id FROM ranked WHERE place <= 2 ORDER BY kind = 'cleared', due_at, id LIMIT $3
    ))
        AND accepted_at IS NULL
        AND (lease_until IS NULL OR lease_until <= statement_timestamp())
    FOR UPDATE SKIP LOCKED
)
UPDATE page SET
    tries = page.tries + 1, lease_holder = $1,
    lease_until = clock_timestamp() + make_interval(secs => $2::float8)
FROM due WHERE page.id = due.id
RETURNING page.id, page.kind, page.recipient, page.step, page.made_at, page.tries;

-- name: tried
SELECT path, began_at, answer FROM page_try WHERE page_id = $1 ORDER BY number;

-- name: thread
-- The first page by which its recipient heard of this incident since it opened.
SELECT first.id FROM page_incident AS mine
JOIN page_incident AS other USING (incident_id, opening)
JOIN page AS this ON this.id = mine.page_id
JOIN page AS first ON first.id = other.page_id AND first.recipient = this.recipient
WHERE mine.page_id = $1 AND mine.incident_id = $2
ORDER BY first.made_at, first.id LIMIT 1;

-- name: begin
INSERT INTO page_try (page_id, number, path, reason_ko, reason_en, failed_parts)
SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5 FROM page_try WHERE page_id = $1
RETURNING number;

-- name: put_link
INSERT INTO page_token (hash, page_id, expires_at)
VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3::float8));

-- name: answered
UPDATE page_try SET ended_at = clock_timestamp(), answer = $3, detail = $4
WHERE page_id = $1 AND number = $2;

-- name: accept
-- Not for a digest whose lease is over: it may have taken more since it was read.
UPDATE page SET
    accepted_at = clock_timestamp(), accepted_by = $3, lease_holder = NULL, lease_until = NULL
WHERE id = $1 AND tries = $2 AND accepted_at IS NULL
    AND (kind <> 'digest' OR lease_until > clock_timestamp())
RETURNING accepted_at;

-- name: put_off
UPDATE page SET
    lease_holder = NULL, lease_until = clock_timestamp() + make_interval(secs => $3::float8)
WHERE id = $1 AND tries = $2 AND accepted_at IS NULL;

-- name: drop
UPDATE page SET given_up_at = clock_timestamp(), lease_holder = NULL, lease_until = NULL
WHERE id = $1 AND tries = $2 AND accepted_at IS NULL;

-- name: give_up
-- A day after the last of its incidents was over.
UPDATE page SET given_up_at = clock_timestamp()
WHERE accepted_at IS NULL AND given_up_at IS NULL
    AND due_at < statement_timestamp() - interval '1 day'
    AND NOT EXISTS (
        SELECT FROM page_incident AS named JOIN incident ON incident.id = named.incident_id
        WHERE named.page_id = page.id AND (incident.status = 'open'
            OR incident.closed_at > statement_timestamp() - interval '1 day')
    )
RETURNING kind;

-- name: standing
-- What is open of the incidents that these recipients were told of since they opened last.
SELECT DISTINCT p.recipient, i.incident_id
FROM page AS p JOIN page_incident AS i ON i.page_id = p.id JOIN incident ON incident.id = i.incident_id
WHERE p.recipient = ANY ($1::text[]) AND p.kind <> 'cleared' AND incident.status = 'open'
    AND i.opening = incident.reopened
ORDER BY p.recipient, i.incident_id;

-- name: openings
SELECT incident_id, opening FROM page_incident WHERE page_id = $1;

-- name: sent
-- Who was told of an incident, with the newest try of each page.
SELECT p.kind, p.recipient, p.made_at, p.due_at, p.accepted_at, p.given_up_at, p.tries,
    newest.path, newest.reason_ko, newest.reason_en, newest.answer, newest.detail
FROM page_incident AS i JOIN page AS p ON p.id = i.page_id
LEFT JOIN LATERAL (
    SELECT * FROM page_try WHERE page_id = p.id ORDER BY number DESC LIMIT 1
) AS newest ON true
WHERE i.incident_id = $1 ORDER BY p.made_at, p.id;

-- name: forget
SELECT forget_pages($1, $2);
