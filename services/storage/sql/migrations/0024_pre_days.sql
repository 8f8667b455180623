-- As before; and a day that is not sealed yet begins at midnight of its contract's zone.
CREATE OR REPLACE VIEW dash.sla_day AS
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
    r.day, r.day::timestamp AT TIME ZONE coalesce(zone.tz, 'Asia/Seoul'), r.body, r.channel, 'open', NULL,
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
LEFT JOIN (
    SELECT item.body ->> 'body' AS body, max(item.body ->> 'tz') AS tz
    FROM public.catalogue_object AS item
    WHERE item.kind = 'contract' AND item.revision = (
        SELECT revision FROM public.catalogue_revision ORDER BY known_at DESC, revision DESC LIMIT 1
    )
    GROUP BY 1
) AS zone ON zone.body = r.body
WHERE NOT EXISTS (
    SELECT FROM public.report_revision AS sealed
    WHERE sealed.body = r.body AND sealed.month = to_char(r.day, 'YYYY-MM')
);
