-- What boards read besides probes: what codes mean, receivers, changes of the catalogue.

-- Filled by `bongsu init` from the tables of the adapters. A code that ends in `*` stands for a
-- family. `meaning` is in the words of the provider's documents.
ALTER TABLE provider_code ADD state text NOT NULL DEFAULT 'unknown', ADD fault text, ADD meaning text;

-- Whose fault, in words for boards (`contracts.vocabulary.FaultDomain`).
CREATE FUNCTION dash.fault_ko(fault text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE fault
    WHEN 'body' THEN '기관 설정'
    WHEN 'template' THEN '템플릿·문구'
    WHEN 'sender' THEN '발신 주체'
    WHEN 'provider' THEN '중계사'
    WHEN 'platform' THEN '플랫폼'
    WHEN 'carrier' THEN '통신사'
    WHEN 'handset' THEN '수신 단말'
    WHEN 'quota' THEN '한도'
    ELSE '알 수 없음'
END;

-- As before, and `error_text` says whose fault the code is, then what it means. A subquery, so that
-- only those who ask for the text pay for it.
CREATE OR REPLACE VIEW dash.probe AS
SELECT
    probe_id, route, channel, provider, account, carrier, body, site, receiver, template,
    slot AS slot_at, sent_at, accepted_at, reported_at, seen_at, opened_at, substitute_seen_at,
    outcome, reason, no.code AS error_code,
    coalesce(
        (
            SELECT nullif(concat_ws(': ', dash.fault_ko(known.fault), known.meaning), '')
            FROM public.provider_code AS known
            WHERE known.adapter = attempts.adapter
                AND known.code IN (no.code, left(no.code, 1) || '*')
            ORDER BY known.code = no.code DESC LIMIT 1
        ),
        dash.fault_ko(no.fault)
    ) AS error_text,
    coalesce(provider_says, 'none') AS provider_says
FROM public.attempts
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN answer_result <> 'accepted' THEN answer_code
            WHEN provider_says <> 'delivered' THEN report_code
        END AS code,
        CASE
            WHEN answer_result <> 'accepted' THEN answer_fault
            WHEN provider_says <> 'delivered' THEN report_fault
        END AS fault
) AS no
WHERE purpose = 'scheduled';

ALTER TABLE provider_code DROP COLUMN says;

-- Receivers of the catalogue in force, a line for each app that sees. What no app tells (model, its
-- own version) is null. `last_seen_at`: its last sign of life that is stored.
CREATE VIEW dash.receiver AS
SELECT
    o.id AS receiver, app ->> 'kind' AS kind, NULL::text AS model, o.body ->> 'os' AS os_version,
    NULL::text AS app_version, o.body ->> 'carrier' AS carrier, (
        SELECT last_at FROM public.liveness
        WHERE source = 'observer/' || o.id || '/' || (app ->> 'kind')
        ORDER BY minute DESC LIMIT 1
    ) AS last_seen_at
FROM public.catalogue_object AS o
CROSS JOIN LATERAL jsonb_array_elements(o.body -> 'observers') AS app
WHERE o.kind = 'receiver' AND o.revision = (
    SELECT revision FROM public.catalogue_revision ORDER BY known_at DESC, revision DESC LIMIT 1
);

-- Objects of each revision; templates, which are approved and refused one by one, apart.
CREATE VIEW public.catalogue_part AS
SELECT revision, kind, id, body - 'templates' AS body FROM public.catalogue_object
UNION ALL
SELECT revision, 'template', id || '/' || (template ->> 'code'), template
FROM public.catalogue_object
CROSS JOIN LATERAL jsonb_array_elements(body -> 'templates') AS template
WHERE kind = 'sender';

-- What each applied catalogue changed: one line for each kind of object and what became of it.
CREATE VIEW dash.change AS
WITH applied AS (
    SELECT
        revision, known_at AS at, applied_by AS who,
        lag(revision) OVER (ORDER BY known_at, revision) AS before
    FROM public.catalogue_revision
)
SELECT
    at, kind,
    concat(
        CASE kind
            WHEN 'channel' THEN '채널'
            WHEN 'platform' THEN '플랫폼'
            WHEN 'provider' THEN '중계사'
            WHEN 'account' THEN '계정'
            WHEN 'sender' THEN '발신 주체'
            WHEN 'template' THEN '템플릿'
            WHEN 'receiver' THEN '수신 단말'
            WHEN 'body' THEN '기관'
            WHEN 'route' THEN '경로'
            ELSE kind
        END,
        ' ', what, ': ', array_to_string(ids[1:5], ', '),
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
