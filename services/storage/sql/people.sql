-- Who may ask, who has an incident, who did what.

-- name: may_write
-- The command line's role reads only, unless a transaction begins with this.
SET TRANSACTION READ WRITE;

-- name: record
INSERT INTO audit (person, via, action, object, detail) VALUES ($1, $2, $3, $4, $5);

-- name: put_token
INSERT INTO api_token (hash, person, roles, made_by, expires_at) VALUES ($1, $2, $3, $4, $5);

-- name: token
SELECT {token} FROM api_token WHERE hash = $1;

-- name: tokens
SELECT {token} FROM api_token ORDER BY made_at, hash;

-- name: revoke
UPDATE api_token SET revoked_at = clock_timestamp()
WHERE left(encode(hash, 'hex'), $2) = $1 AND revoked_at IS NULL RETURNING person;

-- name: link
SELECT t.page_id, p.recipient, t.expires_at, t.used_at
FROM page_token AS t JOIN page AS p ON p.id = t.page_id WHERE t.hash = $1;

-- name: use_link
-- Once: of two at the same time the second waits for the first, and then finds it used.
UPDATE page_token SET used_at = clock_timestamp()
WHERE hash = $1 AND used_at IS NULL AND expires_at > clock_timestamp() RETURNING true;

-- name: acknowledge
-- In one statement, so that no line of the audit lacks its act, nor an act its line.
WITH had AS (
    INSERT INTO incident_ack (incident_id, person, via, expires_at)
    SELECT unnest($1::text[]), $2, $3, clock_timestamp() + make_interval(mins => $4::int)
), asked AS (
    INSERT INTO incident_action (incident_id, kind, actor, text)
    SELECT unnest($1::text[]), 'ack', $2, $4::int::text
)
INSERT INTO audit (person, via, action, object, detail)
SELECT $2, $3, 'ack', unnest($1::text[]), jsonb_build_object('minutes', $4::int);

-- name: acks
SELECT at, person, via, expires_at FROM incident_ack WHERE incident_id = $1 ORDER BY at;

-- name: spoken_to
-- Of the catalogue in force: a person's language and name, and for how long an acknowledgement
-- holds.
WITH held AS (
    SELECT kind, id, body FROM catalogue_object WHERE kind IN ('person', 'rota') AND revision = (
        SELECT revision FROM catalogue_revision ORDER BY known_at DESC, revision DESC LIMIT 1
    )
)
SELECT
    person.body->>'language', person.body->'name'->>'ko', person.body->'name'->>'en',
    (rota.body->>'acknowledged_for_min')::int
FROM (VALUES (true)) AS always
LEFT JOIN held AS person ON person.kind = 'person' AND person.id = $1
LEFT JOIN held AS rota ON rota.kind = 'rota'
LIMIT 1;
