-- Rollups: what adds up of each contract item, by day of its zone and by month so far. `totals` as
-- `services/reporting/rollup.py` writes it. A row tells of all evidence known before `known_until`;
-- `made_of`: hash of the contract, plans and what people entered, by which it was counted.
CREATE TABLE rollup_day (
    body text COLLATE "C",
    channel text COLLATE "C",
    day date,
    known_until timestamptz NOT NULL,
    made_of text NOT NULL,
    totals json NOT NULL,
    evidence_count bigint NOT NULL,
    evidence text NOT NULL,
    PRIMARY KEY (body, channel, day)
);

-- The sum of its days: a month is told from one row, its buckets of latency included.
CREATE TABLE rollup_month (
    body text COLLATE "C",
    channel text COLLATE "C",
    month text COLLATE "C",
    known_until timestamptz NOT NULL,
    objective_ppm int,
    totals json NOT NULL,
    PRIMARY KEY (month, body, channel)
);

-- The newest revision of each month, parsed for those alone that are asked for.
CREATE VIEW public.newest_report AS
SELECT
    r.body, make_date(left(r.month, 4)::int, right(r.month, 2)::int, 1) AS month, r.revision,
    r.state, CASE WHEN r.revision > 0 THEN r.sealed_at END AS frozen_at,
    convert_from(r.content, 'UTF8')::jsonb AS told
FROM public.report_revision AS r
WHERE NOT EXISTS (
    SELECT FROM public.report_revision AS later
    WHERE later.body = r.body AND later.month = r.month AND later.revision > r.revision
);

-- 1e-6, rounded down, of what was measured; null of nothing.
CREATE FUNCTION dash.available(service numeric, unmeasured numeric, outage_min numeric)
RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN service > unmeasured
    THEN trunc(greatest(service - unmeasured - outage_min, 0) / (service - unmeasured), 6)
END;

-- Months by contract item: sealed ones as their newest revision says, others as they stand so far
-- (`revision` null, no verdict).
CREATE VIEW dash.sla_month AS
SELECT
    r.month, r.body, item ->> 'channel' AS channel, r.state, r.revision,
    (item -> 'objective_ppm' ->> 'availability')::numeric / 1000000 AS objective,
    (item -> 'availability' ->> 'measured')::numeric AS measured,
    (item -> 'availability' ->> 'lowest')::numeric AS measured_low,
    (item -> 'availability' ->> 'highest')::numeric AS measured_high,
    (SELECT sum((one ->> 'valid')::bigint) FROM jsonb_array_elements(item -> 'routes') AS one)
        AS valid_events,
    (SELECT sum((one ->> 'good')::bigint) FROM jsonb_array_elements(item -> 'routes') AS one)
        AS good_events,
    ceil((item ->> 'outage_min')::numeric * 100) / 100 AS down_minutes,
    (item -> 'minutes' ->> 'service')::bigint AS service_minutes,
    (item -> 'minutes' ->> 'unmeasured')::bigint AS unmeasured_minutes,
    (item -> 'minutes' ->> 'total')::bigint - (item -> 'minutes' ->> 'service')::bigint
        AS excluded_minutes,
    (item ->> 'budget_used')::numeric AS budget_used,
    (item -> 'response' ->> 'outages')::bigint AS outages,
    (
        SELECT max((one -> 'fix' ->> 'upper')::bigint)
        FROM jsonb_array_elements(r.told -> 'outages') AS one
        WHERE one ->> 'channel' = item ->> 'channel'
            AND one ->> 't0' >= r.told -> 'window' ->> 'from'
    ) AS longest_fix_min,
    item ->> 'verdict' AS verdict, r.frozen_at
FROM public.newest_report AS r
CROSS JOIN LATERAL jsonb_array_elements(r.told -> 'items') AS item
UNION ALL
SELECT
    make_date(left(r.month, 4)::int, right(r.month, 2)::int, 1), r.body, r.channel, 'open', NULL,
    r.objective_ppm::numeric / 1000000,
    dash.available(s.service, s.unmeasured, s.counted / 1000000),
    dash.available(s.service, 0, s.most / 1000000),
    dash.available(s.service, 0, s.least / 1000000),
    coalesce((r.totals -> 'probes' ->> 'good')::bigint, 0)
        + coalesce((r.totals -> 'probes' ->> 'bad')::bigint, 0),
    coalesce((r.totals -> 'probes' ->> 'good')::bigint, 0),
    ceil(s.counted / 10000) / 100, s.service, s.unmeasured, s.total - s.service,
    CASE WHEN r.objective_ppm IS NOT NULL
        THEN ceil(s.counted * 1000000 / nullif(s.budget, 0)) / 1000000
    END,
    NULL, NULL, NULL, NULL
FROM public.rollup_month AS r
CROSS JOIN LATERAL (
    SELECT
        coalesce(total, 0) AS total, coalesce(service, 0) AS service,
        coalesce(unmeasured, 0) AS unmeasured, coalesce(budget, 0) AS budget,
        coalesce(counted, 0) AS counted, coalesce(least, 0) AS least, coalesce(most, 0) AS most
    FROM json_to_record(r.totals -> 'sums') AS found (
        total bigint, service bigint, unmeasured bigint, budget numeric, counted numeric,
        least numeric, most numeric
    )
) AS s
WHERE NOT EXISTS (
    SELECT FROM public.report_revision AS sealed
    WHERE sealed.body = r.body AND sealed.month = r.month
);

-- Days likewise.
CREATE VIEW dash.sla_day AS
SELECT
    (one ->> 'day')::date AS day, (one ->> 'day')::timestamp AT TIME ZONE (r.told ->> 'tz') AS starts_at,
    r.body, one ->> 'channel' AS channel, r.state, r.revision,
    dash.available(
        (one ->> 'service')::bigint, (one ->> 'unmeasured')::bigint, (one ->> 'outage_min')::numeric
    ) AS measured,
    (one ->> 'service')::bigint AS service_minutes,
    (one ->> 'unmeasured')::bigint AS unmeasured_minutes,
    (one ->> 'outage_min')::numeric AS down_minutes,
    (one ->> 'valid')::bigint AS valid_events, (one ->> 'good')::bigint AS good_events
FROM public.newest_report AS r
CROSS JOIN LATERAL jsonb_array_elements(r.told -> 'days') AS one
UNION ALL
SELECT
    r.day, r.day::timestamp AT TIME ZONE 'Asia/Seoul', r.body, r.channel, 'open', NULL,
    dash.available(s.service, s.unmeasured, s.counted / 1000000), s.service, s.unmeasured,
    s.counted / 1000000,
    coalesce((r.totals -> 'probes' ->> 'good')::bigint, 0)
        + coalesce((r.totals -> 'probes' ->> 'bad')::bigint, 0),
    coalesce((r.totals -> 'probes' ->> 'good')::bigint, 0)
FROM public.rollup_day AS r
CROSS JOIN LATERAL (
    SELECT
        coalesce(service, 0) AS service, coalesce(unmeasured, 0) AS unmeasured,
        coalesce(counted, 0) AS counted
    FROM json_to_record(r.totals -> 'sums')
        AS found (service bigint, unmeasured bigint, counted numeric)
) AS s
WHERE NOT EXISTS (
    SELECT FROM public.report_revision AS sealed
    WHERE sealed.body = r.body AND sealed.month = to_char(r.day, 'YYYY-MM')
);

-- Outages that a sealed month counts.
CREATE VIEW dash.sla_outage AS
SELECT
    r.month, r.body, one ->> 'channel' AS channel, one ->> 'id' AS outage,
    one -> 'incidents' ->> 0 AS incident, (one ->> 't0')::timestamptz AS started_at,
    (one ->> 'end')::timestamptz AS ended_at, (one ->> 'minutes_here')::numeric AS minutes,
    (one ->> 'peak_share')::numeric AS peak_share, one -> 'fix' ->> 'verdict' AS fix_verdict,
    one ->> 'origin' AS origin
FROM public.newest_report AS r
CROSS JOIN LATERAL jsonb_array_elements(r.told -> 'outages') AS one;
