-- What a month is judged by beside its probes, as it was known before a cutoff.

-- name: lives
-- What each catalogue that touches [$2, $3) said of these routes, in order; null: it had no such.
SELECT r.known_at, route.id, o.body AS route, (channel.body->>'late_s')::int AS late_s
FROM catalogue_revision AS r
CROSS JOIN unnest($1::text[]) AS route (id)
LEFT JOIN catalogue_object AS o ON o.revision = r.revision AND o.kind = 'route' AND o.id = route.id
LEFT JOIN catalogue_object AS channel ON channel.revision = r.revision
    AND channel.kind = 'channel' AND channel.id = o.body->>'channel'
WHERE r.known_at < $3 AND r.known_at >= coalesce(
    (SELECT max(known_at) FROM catalogue_revision WHERE known_at <= $2), '-infinity'
)
ORDER BY route.id, r.known_at, r.revision;

-- name: incidents
-- Outages that hit one of these routes within [$2, $3), as they stood before $4.
SELECT
    id, component, routes, started_at, CASE WHEN closed_at < $4 THEN ended_at END AS ended_at,
    detected_at, (SELECT min(at) FROM incident_ack WHERE incident_id = i.id AND at < $4) AS acked_at
FROM incident AS i
WHERE kind = 'outage' AND routes && $1::text[] AND detected_at < $4
    AND started_at < $3 AND coalesce(ended_at, 'infinity') >= $2
ORDER BY started_at, id;

-- name: faults
-- 측정기 장애 that touch [$1, $2), known before $3.
SELECT component, from_at, to_at, kind FROM monitor_fault
WHERE from_at < $2 AND to_at > $1 AND known_at < $3 ORDER BY component, from_at, known_at;
