-- Scheduled probes of some routes as they were known before a cutoff. $2, $3: slots in [from, to).

-- name: attempts
-- As stored, whatever touched them since.
SELECT {attempt} FROM attempts AS a
WHERE probe_id >= first_id_at($2) AND probe_id < first_id_at($3) AND route = ANY($1::text[])
    AND purpose = 'scheduled' AND first_known_at < $4::timestamptz
ORDER BY probe_id;

-- name: touched
-- Those that evidence known only later changed. What knows its probe carries the probe's slot in its
-- id; a report that knows its message only carries the provider's time. What came late is read first
-- and once: of a day that has no statistics yet Postgres would read it again for every attempt.
WITH late AS MATERIALIZED (
    SELECT probe_id FROM evidence
    WHERE event_id >= first_id_at($2) AND event_id < first_id_at($3) AND known_at >= $4::timestamptz
    UNION
    SELECT m.probe_id FROM evidence AS e JOIN message_ref AS m USING (account, provider_message_id)
    WHERE e.event_id >= first_id_at($2::timestamptz - interval '1 day') AND e.probe_id IS NULL
        AND e.kind = 'report.received' AND e.known_at >= $4::timestamptz
)
SELECT probe_id FROM attempts JOIN late USING (probe_id)
WHERE probe_id >= first_id_at($2) AND probe_id < first_id_at($3) AND route = ANY($1::text[]);

-- name: announced
-- Every probe, by the evidence alone.
SELECT DISTINCT probe_id FROM evidence
WHERE event_id >= first_id_at($2) AND event_id < first_id_at($3) AND kind = 'probe.sent'
    AND body->>'route' = ANY($1::text[]) AND body->>'purpose' = 'scheduled'
    AND known_at < $4::timestamptz;

-- name: evidence
-- All events that know their probe.
SELECT probe_id, body FROM evidence
WHERE event_id >= first_id_at($2) AND event_id < first_id_at($3) AND probe_id = ANY($1::uuid[])
    AND known_at < $4::timestamptz;

-- name: reports
-- Reports that know their message only: its probe is the one that storing found. Their ids carry the
-- provider's time, by a clock that is at most a day off.
SELECT message_ref.probe_id, e.body
FROM unnest($1::text[], $2::text[], $3::uuid[]) AS told (account, provider_message_id, probe_id)
JOIN message_ref USING (account, provider_message_id, probe_id)
JOIN evidence AS e USING (account, provider_message_id)
WHERE e.probe_id IS NULL AND e.kind = 'report.received' AND e.known_at < $5::timestamptz
    AND e.event_id >= first_id_at($4::timestamptz - interval '1 day')
    AND e.event_id < first_id_at($5::timestamptz + interval '1 day');
