-- What boards say of contracts.

-- As before, and one word more.
CREATE OR REPLACE FUNCTION dash.kind_ko(kind text) RETURNS text
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
    WHEN 'contract' THEN '계약 항목'
    ELSE kind
END;

-- Contract items in force today, whose objective is a share: of messages if the contract sets that,
-- else of minutes.
CREATE VIEW dash.slo AS
SELECT
    concat(item.body ->> 'body', '.', item.body ->> 'channel') AS slo,
    concat(named.body -> 'name' ->> 'ko', ' ', rule.body -> 'name' ->> 'ko') AS title,
    told.ppm / 1e6::double precision AS objective, item.body ->> 'channel' AS channel, item.body ->> 'body' AS body
FROM public.catalogue_object AS item
JOIN public.catalogue_object AS named
    ON named.revision = item.revision AND named.kind = 'body' AND named.id = item.body ->> 'body'
JOIN public.catalogue_object AS rule
    ON rule.revision = item.revision AND rule.kind = 'channel' AND rule.id = item.body ->> 'channel'
CROSS JOIN LATERAL (
    SELECT
        (now() AT TIME ZONE (item.body ->> 'tz'))::date AS today,
        coalesce(
            (item.body -> 'objectives' ->> 'delivery_ppm')::int,
            (item.body -> 'objectives' ->> 'availability_ppm')::int
        ) AS ppm
) AS told
WHERE item.kind = 'contract' AND told.ppm IS NOT NULL
    AND told.today >= (item.body ->> 'valid_from')::date
    AND told.today <= coalesce((item.body ->> 'valid_to')::date, told.today)
    AND item.revision = (
        SELECT revision FROM public.catalogue_revision ORDER BY known_at DESC, revision DESC LIMIT 1
    );
