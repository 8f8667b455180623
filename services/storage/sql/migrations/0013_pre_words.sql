-- What boards say of objects of the on-call file, and of faults of bongsu's own.

-- What an object of the catalogue is called on boards; a kind that a newer version has stays as it is.
CREATE FUNCTION dash.kind_ko(kind text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE kind
    WHEN 'channel' THEN '채널'
    WHEN 'platform' THEN '플랫폼'
    WHEN 'provider' THEN '중계사'
    WHEN 'account' THEN '계정'
    WHEN 'sender' THEN '발신 주체'
    WHEN 'template' THEN '템플릿'
    WHEN 'receiver' THEN '수신 단말'
    WHEN 'body' THEN '기관'
    WHEN 'route' THEN '경로'
    WHEN 'path' THEN '호출 경로'
    WHEN 'person' THEN '당직자'
    WHEN 'rota' THEN '당직표'
    ELSE kind
END;

-- As before, in these words.
CREATE OR REPLACE VIEW dash.change AS
WITH applied AS (
    SELECT
        revision, known_at AS at, applied_by AS who,
        lag(revision) OVER (ORDER BY known_at, revision) AS before
    FROM public.catalogue_revision
)
SELECT
    at, kind,
    concat(
        dash.kind_ko(kind), ' ', what, ': ', array_to_string(ids[1:5], ', '),
        CASE WHEN cardinality(ids) > 5 THEN ' 외 ' || cardinality(ids) - 5 || '건' END
    ) AS title,
    who
FROM applied
CROSS JOIN LATERAL (
    SELECT kind, what, array_agg(id ORDER BY id) AS ids
    FROM (
        SELECT
            kind, id,
            CASE
                WHEN old.body IS NULL THEN '추가' WHEN new.body IS NULL THEN '삭제' ELSE '변경'
            END AS what
        FROM (SELECT * FROM public.catalogue_part AS p WHERE p.revision = applied.revision) AS new
        FULL JOIN (SELECT * FROM public.catalogue_part AS p WHERE p.revision = applied.before) AS old
            USING (kind, id)
        WHERE old.body IS DISTINCT FROM new.body
    ) AS changed
    GROUP BY kind, what
) AS changes;

-- As before; a fault of bongsu's own leads to its own runbook, as its page does.
CREATE OR REPLACE VIEW dash.incident AS
SELECT
    i.id, i.kind, i.severity, i.status, i.channel, i.provider, i.carrier, i.body,
    i.title_ko AS title, i.component AS cause, i.hypothesis, i.started_at, i.detected_at,
    a.acked_at, i.ended_at, a.owner,
    CASE
        WHEN i.kind = 'outage' THEN 'docs/runbooks/outage.md'
        WHEN split_part(i.component, ':', 1) IN ('worker', 'self') THEN 'docs/runbooks/processes.md'
        ELSE 'docs/runbooks/receivers.md'
    END AS runbook_url,
    i.people, i.bodies
FROM public.incident AS i
LEFT JOIN LATERAL (
    SELECT min(k.at) AS acked_at, (array_agg(k.person ORDER BY k.at DESC))[1] AS owner
    FROM public.incident_ack AS k WHERE k.incident_id = i.id
) AS a ON true;
