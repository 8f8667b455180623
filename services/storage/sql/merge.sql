-- The fold of `contracts/attempt.py` as a merge of rows: new events into what is stored.
-- {sent: condition} stands for all columns of that group of facts, taken together from the new
-- row where it has the group and the stored row has none or the condition holds.

-- name: make_staging
-- One empty table a connection; made anew when a rollback took it away.
CREATE TEMPORARY TABLE IF NOT EXISTS attempt_staging ON COMMIT DELETE ROWS
AS SELECT {staged} FROM attempts WITH NO DATA;

-- name: merge_attempts
-- In key order, so that two sinks never wait for each other in a circle. `settle_at` is set again
-- whenever evidence touches a row: a settled attempt is settled anew.
INSERT INTO attempts AS old (touched, settle_at, {staged})
SELECT 1, seen_due, {staged} FROM attempt_staging ORDER BY probe_id
ON CONFLICT (probe_id) DO UPDATE SET
    touched = old.touched + 1,
    partition = coalesce(old.partition, excluded.partition),
    first_known_at = least(old.first_known_at, excluded.first_known_at),
    sends = old.sends + excluded.sends,
    {sent: (excluded.sent_at, excluded.sent_event) < (old.sent_at, old.sent_event)},
    {answer:
        (answer_rank(excluded.answer_result), excluded.answer_ended_at, excluded.answer_event)
        < (answer_rank(old.answer_result), old.answer_ended_at, old.answer_event)},
    {report:
        (report_rank(excluded.provider_says), excluded.report_at, excluded.report_event)
        < (report_rank(old.provider_says), old.report_at, old.report_event)},
    substitute_reported_at = least(old.substitute_reported_at, excluded.substitute_reported_at),
    substitute_tried_at = least(old.substitute_tried_at, excluded.substitute_tried_at),
    substitute_senders = CASE
        WHEN excluded.substitute_senders = '{}' THEN old.substitute_senders
        ELSE merge_sightings(old.substitute_senders, excluded.substitute_senders)
    END,
    sightings = CASE
        WHEN excluded.sightings = '{}' THEN old.sightings
        WHEN old.sightings = '{}' THEN excluded.sightings
        ELSE merge_sightings(old.sightings, excluded.sightings)
    END,
    opened_at = least(old.opened_at, excluded.opened_at),
    settle_at = CASE
        WHEN excluded.sent_event IS NOT NULL AND (
            old.sent_event IS NULL
            OR (excluded.sent_at, excluded.sent_event) < (old.sent_at, old.sent_event)
        ) THEN excluded.seen_due
        ELSE old.seen_due
    END;
