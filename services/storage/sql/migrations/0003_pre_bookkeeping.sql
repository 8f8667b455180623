-- Who belongs to whom, who lived when, how far storing has come, what the catalogue said.

-- An answer and the reports about its message, whichever comes first.
CREATE TABLE message_ref (
    account text COLLATE "C",
    provider_message_id text COLLATE "C",
    probe_id uuid,
    waiting uuid[] NOT NULL,
    known_at timestamptz NOT NULL,
    PRIMARY KEY (account, provider_message_id)
);
CREATE INDEX message_ref_known_at ON message_ref USING brin (known_at);

-- Signs of life: the first and the last sign of a minute of receipt.
CREATE TABLE liveness (
    source text COLLATE "C",
    minute timestamptz,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    known_at timestamptz NOT NULL,
    PRIMARY KEY (source, minute)
) WITH (fillfactor = 70);
CREATE INDEX liveness_minute ON liveness USING brin (minute);

-- Moved only in the transaction that stores the records before it.
CREATE TABLE consumer_offset (
    topic text,
    partition int,
    next_offset bigint NOT NULL,
    stored_until timestamptz NOT NULL,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);

CREATE TABLE catalogue_revision (
    revision uuid PRIMARY KEY,
    known_at timestamptz NOT NULL,
    applied_by text NOT NULL
);
CREATE TABLE catalogue_object (
    revision uuid REFERENCES catalogue_revision,
    kind text,
    id text,
    body jsonb NOT NULL,
    PRIMARY KEY (revision, kind, id)
);

-- 측정기 장애, entered by correction: a time in which a part of bongsu was blind.
CREATE TABLE monitor_fault (
    component text,
    from_at timestamptz,
    to_at timestamptz NOT NULL,
    kind text NOT NULL,
    entered_by text NOT NULL,
    known_at timestamptz NOT NULL,
    PRIMARY KEY (component, from_at, known_at),
    CHECK (from_at <= to_at)
);

-- What a provider's code means in words.
CREATE TABLE provider_code (
    adapter text,
    code text,
    says text NOT NULL,
    PRIMARY KEY (adapter, code)
);
