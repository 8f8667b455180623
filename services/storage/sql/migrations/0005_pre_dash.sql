-- What boards read: no personal data, stable names (`docs/components/storage.md`).
CREATE SCHEMA dash;

-- Lower end of a range of ids: a query that names it reads the partitions of its own days only.
CREATE FUNCTION dash.id_floor(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN public.first_id_at(at);

-- Scheduled probes; `outcome` is null until settled.
CREATE VIEW dash.probe AS
SELECT
    probe_id, route, channel, provider, account, carrier, body, site, receiver, template,
    slot AS slot_at, sent_at, accepted_at, reported_at, seen_at, opened_at, substitute_seen_at,
    outcome, reason, no.code AS error_code, says AS error_text,
    coalesce(provider_says, 'none') AS provider_says
FROM public.attempts
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN answer_result <> 'accepted' THEN answer_code
        WHEN provider_says <> 'delivered' THEN report_code
    END AS code
) AS no
LEFT JOIN public.provider_code USING (adapter, code)
WHERE purpose = 'scheduled';
