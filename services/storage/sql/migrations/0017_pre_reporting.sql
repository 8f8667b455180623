-- The life of a month: revisions, corrections by two people, and the time a replay plays in.

-- The time by which months are due and old days go. In production it is the server's clock. A replay
-- database is one in which the owner has put a row here: its time stands still at `at`.
CREATE SCHEMA bongsu;
CREATE TABLE replay_clock (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    at timestamptz NOT NULL
);
CREATE FUNCTION bongsu.now() RETURNS timestamptz
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
RETURN coalesce((SELECT at FROM replay_clock), clock_timestamp());

-- Corrections. People ask and decide by the functions below, and by nothing else. `data` by kind:
-- `services/contracts/correction.py`.
CREATE TABLE report_correction (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body text COLLATE "C" NOT NULL,
    month text COLLATE "C" NOT NULL CHECK (month ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    kind text NOT NULL CHECK (kind IN (
        'evidence_import', 'monitor_fault', 'maintenance_proof', 'exclusion', 'declared_outage',
        'contract_fix'
    )),
    data jsonb NOT NULL,
    reason text NOT NULL CHECK (length(btrim(reason)) BETWEEN 20 AND 2000),
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'approved', 'rejected')),
    decided_by text CHECK (decided_by <> proposed_by),
    decided_at timestamptz,
    words text CHECK (length(words) <= 2000),
    CHECK ((state = 'proposed') = (decided_by IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL))
);
CREATE INDEX report_correction_of ON report_correction (body, month);

-- 제외: agreed to be left out; entered by an approved correction only.
CREATE TABLE exclusion (
    correction bigint PRIMARY KEY REFERENCES report_correction,
    body text COLLATE "C" NOT NULL,
    component text COLLATE "C" NOT NULL,
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('force_majeure', 'body_caused', 'upstream', 'other')),
    reason text NOT NULL,
    proposed_by text NOT NULL,
    approved_by text NOT NULL,
    known_at timestamptz NOT NULL,
    CHECK (from_at < to_at)
);

-- Revisions, append-only: nobody but `seal_revision` writes here, and nothing changes or goes.
-- `content`: the canonical report with its seal. `number`: the order of sealing.
CREATE TABLE report_revision (
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    body text COLLATE "C",
    month text COLLATE "C",
    revision int,
    state text NOT NULL,
    cutoff timestamptz NOT NULL,
    sealed_at timestamptz NOT NULL,
    correction bigint UNIQUE REFERENCES report_correction,
    figures text NOT NULL,
    evidence text NOT NULL,
    content_hash text NOT NULL,
    prev text NOT NULL,
    entry text NOT NULL,
    epoch bigint NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (body, month, revision),
    UNIQUE (body, prev)
);
ALTER TABLE report_revision ALTER COLUMN content SET STORAGE EXTERNAL;

-- Late evidence would change a closed month: what would differ. Nothing is published by it.
CREATE TABLE report_draft (
    body text COLLATE "C",
    month text COLLATE "C",
    revision int,
    made_at timestamptz,
    diff jsonb NOT NULL,
    PRIMARY KEY (body, month, revision, made_at)
);

-- Who made which document of which revision. Append-only.
CREATE TABLE document_log (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    person text NOT NULL,
    body text COLLATE "C" NOT NULL,
    month text COLLATE "C" NOT NULL,
    revision int NOT NULL,
    files text[] NOT NULL
);

-- Who seals now: a number in every revision, so that one who lost its turn writes none.
CREATE TABLE report_epoch (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch bigint NOT NULL,
    holder text NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION begin_report_epoch(who text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO report_epoch AS old (epoch, holder) VALUES (1, who)
    ON CONFLICT (only_row) DO UPDATE SET
        epoch = old.epoch + 1, holder = excluded.holder, since = clock_timestamp()
    RETURNING epoch
$$;

-- Whose token it is, if it may still be used and holds the role.
CREATE FUNCTION approver(token_hash bytea) RETURNS text
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    held api_token;
BEGIN
    SELECT * INTO held FROM api_token WHERE hash = token_hash
        AND revoked_at IS NULL AND expires_at > clock_timestamp();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no_token';
    ELSIF 'report_approve' <> ALL (held.roles) THEN
        RAISE EXCEPTION 'no_role';
    END IF;
    RETURN held.person;
END $$;

CREATE FUNCTION propose_correction(
    token_hash bytea, of_body text, of_month text, as_kind text, with_data jsonb, why text, by text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    who text := approver(token_hash);
    made bigint;
BEGIN
    IF bongsu.now() >= to_date(of_month, 'YYYY-MM') + interval '14 months' THEN
        RAISE EXCEPTION 'too_late';
    END IF;
    INSERT INTO report_correction (body, month, kind, data, reason, proposed_by, proposed_at)
    VALUES (of_body, of_month, as_kind, with_data, why, who, bongsu.now()) RETURNING id INTO made;
    INSERT INTO audit (person, via, action, object, detail) VALUES
        (who, by, 'report.correct', of_body || '/' || of_month, jsonb_build_object('number', made));
    RETURN made;
END $$;

-- By somebody else than who proposed it. What was approved enters at once; a month that is closed
-- gets it by a revision of its own.
CREATE FUNCTION decide_correction(
    token_hash bytea, which bigint, approve boolean, with_words text, by text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    who text := approver(token_hash);
    at timestamptz := bongsu.now();
    c report_correction;
BEGIN
    SELECT * INTO c FROM report_correction WHERE id = which FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no_such';
    ELSIF c.state <> 'proposed' THEN
        RAISE EXCEPTION 'decided';
    ELSIF c.proposed_by = who THEN
        RAISE EXCEPTION 'same_person';
    END IF;
    UPDATE report_correction SET
        state = CASE WHEN approve THEN 'approved' ELSE 'rejected' END,
        decided_by = who, decided_at = at, words = with_words
    WHERE id = which;
    INSERT INTO audit (person, via, action, object, detail) VALUES (
        who, by, CASE WHEN approve THEN 'report.approve' ELSE 'report.reject' END,
        c.body || '/' || c.month, jsonb_build_object('number', which)
    );
    IF approve AND c.kind = 'exclusion' THEN
        INSERT INTO exclusion VALUES (
            which, c.body, c.data->>'component', (c.data->>'from')::timestamptz,
            (c.data->>'to')::timestamptz, c.data->>'cause', c.reason, c.proposed_by, who, at
        );
    ELSIF approve AND c.kind = 'monitor_fault' THEN
        INSERT INTO monitor_fault (component, from_at, to_at, kind, entered_by, known_at) VALUES (
            c.data->>'component', (c.data->>'from')::timestamptz, (c.data->>'to')::timestamptz,
            c.data->>'cause', c.proposed_by, at
        );
    END IF;
END $$;

-- Add a revision. Everything about it is read from the report itself, and refused unless it is the
-- next of its month and of its body's chain, and due. False: the epoch is over.
CREATE FUNCTION seal_revision(in_epoch bigint, report bytea, by_correction bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    said jsonb := convert_from(report, 'UTF8')::jsonb;
    seal jsonb := said->'seal';
    n int := (said->>'revision')::int;
    before text;
BEGIN
    PERFORM FROM report_epoch WHERE epoch = in_epoch FOR SHARE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('bongsu report'), hashtext(said->'body'->>'id'));
    SELECT entry INTO before FROM report_revision WHERE body = said->'body'->>'id'
    ORDER BY number DESC LIMIT 1;
    IF seal->>'prev' <> coalesce(before, repeat('0', 64)) OR seal->>'entry' <> encode(sha256(
        convert_to(concat_ws(E'\n', seal->>'prev', said->'body'->>'id', said->>'month', n::text,
            seal->>'content'), 'UTF8')), 'hex') THEN
        RAISE EXCEPTION 'not_next_in_chain';
    ELSIF n <> (SELECT coalesce(max(revision) + 1, 0) FROM report_revision
        WHERE body = said->'body'->>'id' AND month = said->>'month') THEN
        RAISE EXCEPTION 'not_next_revision';
    ELSIF said->>'state' <> (ARRAY['preliminary', 'closed', 'corrected'])[least(n, 2) + 1] THEN
        RAISE EXCEPTION 'wrong_state';
    ELSIF (said->>'cutoff')::timestamptz > bongsu.now() OR (said->>'cutoff')::timestamptz <
        (said->'window'->>'to')::timestamptz + (CASE n WHEN 0 THEN '0' ELSE '72 hours' END)::interval
    THEN
        RAISE EXCEPTION 'not_due';
    ELSIF n > 1 AND NOT EXISTS (SELECT FROM report_correction WHERE id = by_correction
        AND body = said->'body'->>'id' AND month = said->>'month' AND state = 'approved') THEN
        RAISE EXCEPTION 'not_approved';
    END IF;
    INSERT INTO report_revision (
        body, month, revision, state, cutoff, sealed_at, correction, figures, evidence,
        content_hash, prev, entry, epoch, content
    ) VALUES (
        said->'body'->>'id', said->>'month', n, said->>'state', (said->>'cutoff')::timestamptz,
        (said->>'sealed_at')::timestamptz, CASE WHEN n > 1 THEN by_correction END,
        seal->>'figures', seal->>'evidence', seal->>'content', seal->>'prev', seal->>'entry',
        in_epoch, report
    );
    RETURN true;
END $$;

-- As before, by that time.
CREATE OR REPLACE FUNCTION maintain(days_ahead int, retention_days int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
    today date := bongsu.now()::date;
    oldest date := today - retention_days;
    old regclass;
    parent text;
    stray bigint;
BEGIN
    -- The role that calls this may not delete: it may not do so by a short retention either.
    IF retention_days < 32 OR days_ahead NOT BETWEEN 1 AND 60 THEN
        RAISE EXCEPTION 'retention below 32 days, or partitions not 1 to 60 days ahead';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('bongsu maintain'));
    FOREACH parent IN ARRAY ARRAY['evidence', 'attempts'] LOOP
        PERFORM make_day(parent, day::date)
        FROM generate_series(today - 1, today + days_ahead, interval '1 day') AS day;
        FOR old IN
            SELECT inhrelid::regclass FROM pg_inherits JOIN pg_class ON oid = inhrelid
            WHERE inhparent = to_regclass(parent) AND relname ~ '_\d{8}$'
                AND to_date(right(relname, 8), 'YYYYMMDD') < oldest
        LOOP
            EXECUTE format('DROP TABLE %s', old);
        END LOOP;
    END LOOP;
    DELETE FROM evidence_default WHERE event_id < first_id_at(oldest::timestamptz);
    DELETE FROM attempts_default WHERE probe_id < first_id_at(oldest::timestamptz);
    DELETE FROM message_ref WHERE known_at < oldest::timestamptz;
    DELETE FROM liveness WHERE minute < oldest::timestamptz;
    SELECT (SELECT count(*) FROM evidence_default) + (SELECT count(*) FROM attempts_default)
    INTO stray;
    RETURN stray;
END $$;
