-- What the detector remembers and says. One instance writes: the one whose turn it is.

CREATE TABLE detector (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    writer text NOT NULL,
    writes_until timestamptz NOT NULL,
    ticked_at timestamptz NOT NULL,
    memory text,
    learnt_at bigint
);

-- Learnt counts of each class, from which the tables of the last rebuild were made.
CREATE TABLE detector_law (
    medium text COLLATE "C",
    name text COLLATE "C",
    arrived float8[] NOT NULL,
    lost float8 NOT NULL,
    PRIMARY KEY (medium, name)
);

-- What is open now: outages, and faults of bongsu's own parts (`monitor`). Gain, margin in nats.
CREATE TABLE detector_cause (
    component text COLLATE "C" PRIMARY KEY,
    monitor boolean NOT NULL,
    hypothesis text NOT NULL,
    since timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    gain float8 NOT NULL,
    failed int NOT NULL,
    total int NOT NULL,
    margin float8,
    rival text,
    alike text[] NOT NULL,
    routes text[] NOT NULL,
    notes text[] NOT NULL
);
