-- One transaction a batch: evidence, attempts, references, liveness, offsets.

-- name: existing_ids
-- The ids find their partitions by themselves.
SELECT event_id FROM evidence WHERE event_id = ANY($1::uuid[]);

-- name: link_messages
-- Both sides write here; whoever comes second sees the other's. A message waits with at most 1,000
-- reports. Where the first probe stands, it stays: one message belongs to one probe.
INSERT INTO message_ref AS old (account, provider_message_id, probe_id, waiting, known_at)
SELECT account, message, (array_agg(probe_id) FILTER (WHERE probe_id IS NOT NULL))[1],
    coalesce(array_agg(event_id ORDER BY event_id) FILTER (WHERE event_id IS NOT NULL), '{}'),
    min(known_at)
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[], $5::timestamptz[])
    AS new (account, message, probe_id, event_id, known_at)
GROUP BY account, message
ORDER BY account COLLATE "C", message COLLATE "C"
ON CONFLICT (account, provider_message_id) DO UPDATE SET
    probe_id = coalesce(old.probe_id, excluded.probe_id),
    waiting = (old.waiting || excluded.waiting)[1:1000]
RETURNING account, provider_message_id, probe_id, waiting;

-- name: stop_waiting
-- What was attributed is folded now and does not wait any more.
UPDATE message_ref SET waiting = '{}'
FROM unnest($1::text[], $2::text[]) AS done (account, message)
WHERE message_ref.account = done.account AND provider_message_id = done.message;

-- name: waiting_reports
-- The reports that found their probe.
SELECT event_id, known_at, body FROM evidence WHERE event_id = ANY($1::uuid[]);

-- name: touch_liveness
-- Commutative: any order and repetition of signs gives the same minute.
INSERT INTO liveness AS old (source, minute, first_at, last_at, known_at)
SELECT source, date_trunc('minute', known_at, 'UTC') AS minute, min(at), max(at), max(known_at)
FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) AS new (source, at, known_at)
GROUP BY 1, 2
ORDER BY source COLLATE "C", minute
ON CONFLICT (source, minute) DO UPDATE SET
    first_at = least(old.first_at, excluded.first_at),
    last_at = greatest(old.last_at, excluded.last_at),
    known_at = greatest(old.known_at, excluded.known_at);

-- name: touch_observed
-- The newest post that each member saw. Commutative: any order and repetition gives the same row.
INSERT INTO observed_last AS old (route, receiver, last_seen_at, known_at)
SELECT route, receiver, max(at), max(known_at)
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[])
    AS new (route, receiver, at, known_at)
GROUP BY route, receiver
ORDER BY route COLLATE "C", receiver COLLATE "C"
ON CONFLICT (route, receiver) DO UPDATE SET
    last_seen_at = greatest(old.last_seen_at, excluded.last_seen_at),
    known_at = greatest(old.known_at, excluded.known_at);

-- name: first_offset
-- Of two that start a partition, one gets no row back.
INSERT INTO consumer_offset (topic, partition, next_offset, stored_until) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING true;

-- name: move_offset
-- The fence: no row back means that another instance has moved it.
UPDATE consumer_offset SET next_offset = $4, stored_until = greatest(stored_until, $5)
WHERE topic = $1 AND partition = $2 AND next_offset = $3 RETURNING true;

-- name: mark_stored_until
-- An idle partition: its end was fetched and everything before it is stored.
INSERT INTO consumer_offset AS old (topic, partition, next_offset, stored_until)
VALUES ($1, $2, $3, $4)
ON CONFLICT (topic, partition) DO UPDATE
SET stored_until = greatest(old.stored_until, excluded.stored_until)
WHERE old.next_offset = excluded.next_offset RETURNING true;

-- name: read_offsets
-- Where to go on, by partition.
SELECT partition, next_offset, stored_until FROM consumer_offset WHERE topic = $1;

-- name: store_revision
-- No row back: this revision is stored already.
INSERT INTO catalogue_revision (revision, known_at, applied_by) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING true;

-- name: maintain
-- Rows in the default partitions afterwards.
SELECT maintain($1, $2);
