-- Channels on which bongsu sends nothing: when each member's device last saw a post there.

CREATE TABLE observed_last (
    route text COLLATE "C",
    receiver text COLLATE "C",
    last_seen_at timestamptz NOT NULL,
    known_at timestamptz NOT NULL,
    PRIMARY KEY (route, receiver)
) WITH (fillfactor = 50);

-- The members of every route that the catalogue in force observes, whether they ever saw a post.
CREATE VIEW dash.observed AS
SELECT
    route.body->>'body' AS body, route.body->>'channel' AS channel, member.receiver, last_seen_at,
    (route.body->>'expected_within_s')::int AS expected_within_s, route.id AS route
FROM public.catalogue_object AS route
CROSS JOIN LATERAL jsonb_array_elements_text(route.body->'receivers') AS member (receiver)
LEFT JOIN public.observed_last AS last ON last.route = route.id AND last.receiver = member.receiver
WHERE route.kind = 'route' AND route.body->>'adapter' = 'none' AND (route.body->>'enabled')::boolean
    AND route.revision = (
        SELECT revision FROM public.catalogue_revision ORDER BY known_at DESC, revision DESC LIMIT 1
    );
