-- The life of a month: what is sealed, who seals, how far storing has come.

-- name: now
SELECT bongsu.now();

-- name: take_turn
-- Held until the session ends; the one who does not get it tries again a minute later.
SELECT pg_try_advisory_lock(hashtext('bongsu reporting'));

-- name: give_turn
SELECT pg_advisory_unlock(hashtext('bongsu reporting'));

-- name: begin_epoch
SELECT begin_report_epoch($1);

-- name: seal
SELECT seal_revision($1, $2, $3);

-- name: revisions
-- Without their content; in the order of sealing.
SELECT {revision} FROM report_revision
WHERE ($1::text IS NULL OR body = $1) ORDER BY number;

-- name: content
SELECT content FROM report_revision WHERE body = $1 AND month = $2 AND revision = $3;

-- name: verdicts
-- Of a revision's items: channel, verdict.
SELECT item->>'channel' AS channel, item->>'verdict' AS verdict
FROM report_revision, jsonb_array_elements(convert_from(content, 'UTF8')::jsonb->'items') AS item
WHERE body = $1 AND month = $2 AND revision = $3;

-- name: head
-- The newest entry of a body's chain.
SELECT entry FROM report_revision WHERE body = $1 ORDER BY number DESC LIMIT 1;

-- name: log_documents
INSERT INTO document_log (person, body, month, revision, files) VALUES ($1, $2, $3, $4, $5);

-- name: contracted
-- Since when any version of each contract item has stood in a catalogue.
SELECT concat(o.body ->> 'body', '.', o.body ->> 'channel') AS item, min(r.known_at) AS known_at
FROM catalogue_object AS o JOIN catalogue_revision AS r USING (revision)
WHERE o.kind = 'contract' GROUP BY 1;

-- name: first_slots
-- Of each route, the slot of the first probe there is: the first entry of each day's index.
SELECT asked.route, first.slot FROM unnest($1::text[]) AS asked (route)
CROSS JOIN LATERAL (
    SELECT slot FROM attempts WHERE attempts.route = asked.route ORDER BY slot LIMIT 1
) AS first;

-- name: stored_until
-- By partition of these topics; what was never stored is missing.
SELECT topic, partition, stored_until FROM consumer_offset WHERE topic = ANY($1::text[]);

-- name: keep_context
INSERT INTO report_context (body, month, revision, context) VALUES ($1, $2, $3, $4);

-- name: context
SELECT context FROM report_context WHERE body = $1 AND month = $2 AND revision = $3;

-- name: touched
-- The bodies of which evidence with slots in [$1, $2) was known only from $3 on, as `touched` of
-- `lines.sql`.
WITH late AS MATERIALIZED (
    SELECT probe_id FROM evidence
    WHERE event_id >= first_id_at($1) AND event_id < first_id_at($2) AND known_at >= $3
    UNION
    SELECT m.probe_id FROM evidence AS e JOIN message_ref AS m USING (account, provider_message_id)
    WHERE e.event_id >= first_id_at($1) AND e.probe_id IS NULL AND e.kind = 'report.received'
        AND e.known_at >= $3
)
SELECT DISTINCT body FROM attempts JOIN late USING (probe_id)
WHERE probe_id >= first_id_at($1) AND probe_id < first_id_at($2) AND body IS NOT NULL;

-- name: unmailed
-- Sealed since $2 and neither accepted nor refused by a relay: the oldest first.
SELECT {revision} FROM report_revision AS r
WHERE body = ANY($1::text[]) AND sealed_at >= $2 AND NOT EXISTS (
    SELECT FROM report_mail AS m
    WHERE m.body = r.body AND m.month = r.month AND m.revision = r.revision
)
ORDER BY number;

-- name: mailed
INSERT INTO report_mail (body, month, revision, message_id, accepted, answer)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: mails
SELECT body, month, revision, at, message_id, accepted, answer FROM report_mail ORDER BY number;
