-- Who is told of an incident, by which path, and what they answered.

-- One page to one recipient: `person:<id>`, or `path:<id>` of a system that gets every page. Made
-- in the transaction that makes its incident; its id says what it is about, so that a repeat of that
-- transaction makes nothing twice. `due_at`: not before; `lease_until`: a dispatcher has it, or it
-- rests until then.
CREATE TABLE page (
    id text COLLATE "C" PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('opened', 'digest', 'escalated', 'again', 'cleared')),
    recipient text COLLATE "C" NOT NULL,
    step int NOT NULL DEFAULT 0,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at timestamptz NOT NULL,
    tries int NOT NULL DEFAULT 0,
    lease_holder text,
    lease_until timestamptz,
    accepted_at timestamptz,
    accepted_by text,
    given_up_at timestamptz
);
CREATE INDEX page_due ON page (due_at) WHERE accepted_at IS NULL AND given_up_at IS NULL;
CREATE INDEX page_recent ON page (recipient, made_at DESC);

-- What a page is about. `opening`: how often the incident had come back by then.
CREATE TABLE page_incident (
    page_id text COLLATE "C" NOT NULL REFERENCES page,
    incident_id text COLLATE "C" NOT NULL REFERENCES incident,
    opening int NOT NULL DEFAULT 0,
    PRIMARY KEY (page_id, incident_id)
);
CREATE INDEX page_incident_of ON page_incident (incident_id);

-- Each call of a notifier: over which path, and why over that one. No answer stored: nobody knows
-- whether it was sent, and it is sent again.
CREATE TABLE page_try (
    page_id text COLLATE "C" NOT NULL REFERENCES page,
    number int NOT NULL,
    path text NOT NULL,
    reason_ko text NOT NULL,
    reason_en text NOT NULL,
    failed_parts text[] NOT NULL,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    answer text CHECK (answer IN ('accepted', 'refused', 'later', 'unclear')),
    detail text,
    PRIMARY KEY (page_id, number)
);

-- A link of one page, by the hash of its token: it acts once, and only on that page's incidents.
CREATE TABLE page_token (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),
    page_id text COLLATE "C" NOT NULL REFERENCES page,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

-- Somebody has it. Append-only; `expires_at`: without a note or a close until then it is paged again.
CREATE TABLE incident_ack (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id text COLLATE "C" NOT NULL REFERENCES incident,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    person text NOT NULL,
    via text NOT NULL CHECK (via IN ('link', 'api', 'cli')),
    expires_at timestamptz NOT NULL
);
CREATE INDEX incident_ack_of ON incident_ack (incident_id, at DESC);

-- Who has the watch instead of the one whom the rota names. Append-only; the newest wins.
CREATE TABLE oncall_override (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    reason text NOT NULL CHECK (length(reason) <= 500),
    actor text NOT NULL,
    known_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (starts_at < ends_at)
);

-- When a path was last seen to work, by a probe that woke nobody.
CREATE TABLE path_proof (
    path text PRIMARY KEY,
    asked_at timestamptz NOT NULL,
    proven_at timestamptz,
    how text CHECK (how IN ('seen', 'accepted')),
    detail text
);

-- Planned work. Append-only: the newest version of an id holds; a version without times takes it
-- back. `announced_at` and `proof`: when and where it was announced. `recurs`: a rule of RFC 5545.
CREATE TABLE maintenance (
    id text COLLATE "C" NOT NULL,
    version int NOT NULL,
    component text COLLATE "C" NOT NULL,
    starts_at timestamptz,
    ends_at timestamptz,
    recurs text,
    reason text NOT NULL CHECK (length(reason) <= 500),
    announced_at timestamptz,
    proof text,
    actor text NOT NULL,
    known_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (id, version),
    CHECK ((starts_at IS NULL) = (ends_at IS NULL) AND (starts_at IS NULL OR starts_at < ends_at))
);

-- What a provider said of its own outage, entered by a person. Append-only, versions as above.
CREATE TABLE provider_notice (
    id text COLLATE "C" NOT NULL,
    version int NOT NULL,
    provider text COLLATE "C" NOT NULL,
    component text COLLATE "C" NOT NULL,
    says text NOT NULL CHECK (says IN ('down', 'recovering', 'recovered', 'withdrawn')),
    said_at timestamptz NOT NULL,
    proof text,
    text text CHECK (length(text) <= 2000),
    actor text NOT NULL,
    known_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (id, version)
);

-- People of the API: a personal token's hash, and what it may do.
CREATE TABLE api_token (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),
    person text NOT NULL,
    roles text[] NOT NULL CHECK (roles <@ '{viewer,operator,report_approve}'),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    made_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- Who did what. Append-only.
CREATE TABLE audit (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    person text NOT NULL,
    via text NOT NULL CHECK (via IN ('link', 'api', 'cli')),
    action text NOT NULL,
    object text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);

-- What a page says beyond the row: over how many dealers, sender identities, phones and workers it
-- was seen, what arrived beside it, the normal time, whether confirm probes took part.
ALTER TABLE incident ADD COLUMN figures jsonb NOT NULL DEFAULT '{}';

-- `bodies`: whose routes it ever hit, by whatever name. Who acknowledged it last has it.
ALTER TABLE incident ADD COLUMN bodies text[] NOT NULL DEFAULT '{}';
CREATE OR REPLACE VIEW dash.incident AS
SELECT
    i.id, i.kind, i.severity, i.status, i.channel, i.provider, i.carrier, i.body,
    i.title_ko AS title, i.component AS cause, i.hypothesis, i.started_at, i.detected_at,
    a.acked_at, i.ended_at, a.owner, 'docs/runbooks/outage.md' AS runbook_url, i.people,
    i.bodies
FROM public.incident AS i
LEFT JOIN LATERAL (
    SELECT min(k.at) AS acked_at, (array_agg(k.person ORDER BY k.at DESC))[1] AS owner
    FROM public.incident_ack AS k WHERE k.incident_id = i.id
) AS a ON true;

CREATE OR REPLACE VIEW dash.incident_event AS
SELECT incident_id, at, kind, actor, note_ko AS note, number FROM public.incident_event;
