-- What opened, how it went and ended. One writer: the leader, whose every write names its epoch.

CREATE TABLE leader_epoch (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch bigint NOT NULL,
    holder text NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    ticked_at timestamptz
);

-- Outages, and faults of bongsu's own parts (`monitor`), which are none. `started_at`: what the
-- evidence says; `detected_at`: the tick that opened it; `ended_at`: since when all was well;
-- `closed_at`: the tick that closed it. Gain and margin in nats.
CREATE TABLE incident (
    id text COLLATE "C" PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('outage', 'monitor')),
    status text NOT NULL CHECK (status IN ('open', 'closed')),
    component text COLLATE "C" NOT NULL,
    hypothesis text NOT NULL,
    severity smallint CHECK (severity BETWEEN 1 AND 4),
    channel text,
    provider text,
    carrier text,
    body text,
    title_ko text NOT NULL,
    title_en text NOT NULL,
    routes text[] NOT NULL,
    people bigint NOT NULL,
    started_at timestamptz NOT NULL,
    detected_at timestamptz NOT NULL,
    ended_at timestamptz,
    closed_at timestamptz,
    gain float8 NOT NULL,
    failed int NOT NULL,
    total int NOT NULL,
    margin float8,
    rival text,
    alike text[] NOT NULL,
    notes text[] NOT NULL,
    reopened int NOT NULL DEFAULT 0,
    CHECK ((status = 'closed') = (closed_at IS NOT NULL))
);
CREATE UNIQUE INDEX incident_one_open ON incident (component) WHERE status <> 'closed';
CREATE INDEX incident_started ON incident (started_at DESC);

-- Append-only. `at`: the tick; `known_at`: when it was written.
CREATE TABLE incident_event (
    incident_id text COLLATE "C" NOT NULL REFERENCES incident,
    number int NOT NULL,
    at timestamptz NOT NULL,
    known_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind text NOT NULL,
    actor text NOT NULL,
    note_ko text NOT NULL,
    note_en text NOT NULL,
    PRIMARY KEY (incident_id, number)
);

-- The cause that was named, what cannot be told from it, and what else would explain it.
CREATE TABLE incident_candidate (
    incident_id text COLLATE "C" NOT NULL REFERENCES incident,
    rank int NOT NULL,
    component text COLLATE "C" NOT NULL,
    hypothesis text NOT NULL,
    gain float8 NOT NULL,
    failed int NOT NULL,
    total int NOT NULL,
    separated boolean NOT NULL,
    PRIMARY KEY (incident_id, rank)
);

-- What people ask for; the leader does it at its next tick.
CREATE TABLE incident_action (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id text COLLATE "C" NOT NULL REFERENCES incident,
    kind text NOT NULL CHECK (kind IN ('note', 'close')),
    actor text NOT NULL,
    text text NOT NULL CHECK (length(text) <= 2000),
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at timestamptz
);
CREATE INDEX incident_action_open ON incident_action (number) WHERE done_at IS NULL;

-- The detector's memory: a restart goes on from it.
DROP TABLE detector_cause;
ALTER TABLE detector RENAME TO detector_state;
ALTER TABLE detector_state DROP COLUMN writer, DROP COLUMN writes_until, DROP COLUMN ticked_at;
ALTER TABLE detector_law RENAME TO detector_table;

CREATE VIEW dash.incident AS
SELECT
    id, kind, severity, status, channel, provider, carrier, body, title_ko AS title,
    component AS cause, hypothesis, started_at, detected_at, NULL::timestamptz AS acked_at,
    ended_at, NULL::text AS owner, 'docs/runbooks/detection.md' AS runbook_url, people
FROM public.incident;

CREATE VIEW dash.incident_event AS
SELECT incident_id, at, kind, actor, note_ko AS note FROM public.incident_event;

CREATE VIEW dash.incident_candidate AS
SELECT incident_id, rank, component, hypothesis, gain, failed, total, separated
FROM public.incident_candidate;
