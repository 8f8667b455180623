-- Attempts: one row a probe, the fold of its evidence (`contracts/attempt.py`).

-- Ranks of the fold: of two answers, of two reports, the smaller stays.
CREATE FUNCTION answer_rank(result text) RETURNS int
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN array_position(ARRAY['accepted', 'refused', 'unclear', 'unreachable'], result);

CREATE FUNCTION report_rank(state text) RETURNS int
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN array_position(ARRAY['delivered', 'failed', 'pending', 'unknown'], state);

-- Both lists as one, sorted by bytes, each line once, the first 32 of them.
CREATE FUNCTION merge_sightings(one text[], other text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ARRAY(
    SELECT DISTINCT line COLLATE "C" FROM unnest(one || other) AS line ORDER BY 1 LIMIT 32
);

-- Upper bound of the first sight, outside spam, by the probe's own receiver: of the own leg, or of
-- a substitute's. Lines are `Sighting.write()` and stand in order.
CREATE FUNCTION first_sight(own text, sightings text[], of_substitute boolean) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    line text;
BEGIN
    FOREACH line IN ARRAY sightings LOOP
        IF (split_part(line, '|', 3) <> '0') = of_substitute
            AND split_part(line, '|', 4) <> 'spam'
            AND split_part(line, '|', 6) = own
        THEN
            RETURN timestamptz 'epoch'
                + split_part(line, '|', 1)::bigint * interval '1 microsecond';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE TABLE attempts (
    probe_id uuid PRIMARY KEY,

    -- probe.sent: the earliest announcement
    sent_event uuid,
    source text,
    sent_at timestamptz,
    slot timestamptz,
    purpose text,
    command_id uuid,
    revision uuid,
    route text,
    body text,
    notice text,
    notice_class text,
    channel text,
    adapter text,
    account text,
    provider text,
    sender text,
    template text,
    platform text,
    carrier text,
    worker text,
    receiver text,
    site text,
    observers text[],
    interval_s bigint,
    accepted_due timestamptz,
    seen_due timestamptz,
    reported_due timestamptz,
    opened_due timestamptz,
    text_digest text,
    link_digest text,
    text_chars bigint,
    sends int NOT NULL,

    -- probe.answered: the best answer
    answer_event uuid,
    answer_source text,
    answer_worker text,
    answer_channel text,
    answer_adapter text,
    answer_account text,
    answer_provider text,
    answer_result text,
    answer_started_at timestamptz,
    answer_ended_at timestamptz,
    answer_code text,
    answer_fault text,
    provider_message_id text,

    -- report.received of leg 0: the best report; `report_at` whatever it says
    report_event uuid,
    report_source text,
    report_account text,
    report_message_id text,
    provider_says text,
    report_code text,
    report_fault text,
    report_at timestamptz,
    report_fields jsonb,

    substitute_reported_at timestamptz,
    sightings text[] NOT NULL,
    opened_at timestamptz,

    -- stages
    accepted_at timestamptz GENERATED ALWAYS AS (
        CASE WHEN answer_result = 'accepted' THEN answer_ended_at END
    ) STORED,
    reported_at timestamptz GENERATED ALWAYS AS (
        CASE WHEN provider_says = 'delivered' THEN report_at END
    ) STORED,
    seen_at timestamptz GENERATED ALWAYS AS (
        CASE WHEN sightings <> '{}' THEN first_sight(receiver, sightings, false) END
    ) STORED,
    substitute_seen_at timestamptz GENERATED ALWAYS AS (
        CASE WHEN sightings <> '{}' THEN first_sight(receiver, sightings, true) END
    ) STORED,

    -- bookkeeping; `touched` grows with every change and guards the sweep
    partition int,
    first_known_at timestamptz NOT NULL,
    touched int NOT NULL,
    settle_at timestamptz,
    outcome text,
    reason text,
    settled_at timestamptz,
    counted boolean NOT NULL DEFAULT false
) PARTITION BY RANGE (probe_id);

-- The sweep's work list: empty for a day that is settled.
CREATE INDEX attempts_due ON attempts (partition, settle_at) WHERE settle_at IS NOT NULL;
CREATE INDEX attempts_route ON attempts (route, slot DESC);

CREATE TABLE attempts_default PARTITION OF attempts DEFAULT WITH (fillfactor = 70);
