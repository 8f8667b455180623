-- 이의 제기: what somebody holds against a closed month, and what was answered. Entered by people with
-- the functions below, and by nothing else; it changes no figure.
CREATE TABLE report_objection (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body text COLLATE "C" NOT NULL,
    month text COLLATE "C" NOT NULL,
    channel text COLLATE "C",
    objector text NOT NULL CHECK (length(btrim(objector)) BETWEEN 1 AND 200),
    about text NOT NULL CHECK (length(btrim(about)) BETWEEN 1 AND 2000),
    attachment text CHECK (attachment ~ '^[0-9a-f]{64}$'),
    at timestamptz NOT NULL,
    entered_by text NOT NULL,
    decision text CHECK (length(btrim(decision)) BETWEEN 1 AND 2000),
    decided_by text,
    decided_at timestamptz,
    CHECK ((decision IS NULL) = (decided_by IS NULL)),
    CHECK ((decision IS NULL) = (decided_at IS NULL))
);
CREATE INDEX report_objection_of ON report_objection (body, month);

CREATE FUNCTION open_objection(
    token_hash bytea, of_body text, of_month text, of_channel text, from_whom text, what text,
    with_attachment text, by text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    who text := approver(token_hash);
    made bigint;
BEGIN
    PERFORM FROM report_revision WHERE body = of_body AND month = of_month AND revision = 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'not_closed';
    END IF;
    INSERT INTO report_objection (body, month, channel, objector, about, attachment, at, entered_by)
    VALUES (of_body, of_month, of_channel, from_whom, what, with_attachment, bongsu.now(), who)
    RETURNING id INTO made;
    INSERT INTO audit (person, via, action, object, detail) VALUES
        (who, by, 'report.object', of_body || '/' || of_month, jsonb_build_object('number', made));
    RETURN made;
END $$;

CREATE FUNCTION decide_objection(token_hash bytea, which bigint, with_words text, by text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    who text := approver(token_hash);
    o report_objection;
BEGIN
    SELECT * INTO o FROM report_objection WHERE id = which FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no_objection';
    ELSIF o.decision IS NOT NULL THEN
        RAISE EXCEPTION 'answered';
    END IF;
    UPDATE report_objection SET decision = with_words, decided_by = who, decided_at = bongsu.now()
    WHERE id = which;
    INSERT INTO audit (person, via, action, object, detail) VALUES
        (who, by, 'report.decide', o.body || '/' || o.month, jsonb_build_object('number', which));
END $$;

-- As before; and a revision without a correction of its own may only tell of objections: whatever was
-- counted is the same.
CREATE OR REPLACE FUNCTION seal_revision(in_epoch bigint, report bytea, by_correction bigint) RETURNS boolean
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
    ELSIF n > 1 AND by_correction IS NULL AND NOT (
        EXISTS (SELECT FROM report_objection
            WHERE body = said->'body'->>'id' AND month = said->>'month')
        AND seal->>'figures' = (SELECT figures FROM report_revision
            WHERE body = said->'body'->>'id' AND month = said->>'month' AND revision = n - 1)
    ) THEN
        RAISE EXCEPTION 'not_approved';
    ELSIF n > 1 AND by_correction IS NOT NULL AND NOT EXISTS (
        SELECT FROM report_correction WHERE id = by_correction
        AND body = said->'body'->>'id' AND month = said->>'month' AND state = 'approved'
    ) THEN
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
