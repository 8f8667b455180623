-- Settling: which attempts are due, what they need to know, what became of them.

-- name: due
-- Storing has passed the due time on the attempt's own partition: what is missing did not come.
-- Only the partitions of days since $4 are opened: to look into every day of a year takes 0.1 s.
SELECT a.partition, a.touched, a.counted, stored.until AS stored_until, {attempt}
FROM unnest($1::int[], $2::timestamptz[]) AS stored (partition, until)
JOIN attempts AS a ON a.partition = stored.partition AND a.settle_at <= stored.until
WHERE a.probe_id >= first_id_at($4::timestamptz)
ORDER BY a.settle_at
LIMIT $3;

-- name: liveness_for
-- Minutes are of receipt, signs of the sender's clock: look an hour further for spooled ones.
-- $2 are the beginnings of sources (`reach/<worker>/`); '0' is the character after '/'.
SELECT source, first_at, last_at FROM (
    SELECT l.* FROM unnest($1::text[]) AS wanted (source) JOIN liveness AS l USING (source)
    WHERE l.minute BETWEEN $3::timestamptz - interval '1 hour' AND $4::timestamptz + interval '1 hour'
    UNION
    SELECT l.* FROM unnest($2::text[]) AS start (prefix)
    JOIN liveness AS l ON l.source >= prefix AND l.source < rtrim(prefix, '/') || '0'
    WHERE l.minute BETWEEN $3::timestamptz - interval '1 hour' AND $4::timestamptz + interval '1 hour'
) AS found
WHERE first_at <= $4 AND last_at >= $3
ORDER BY source COLLATE "C", minute;

-- name: monitor_faults
-- Faults that touch a span; the first entry of a fault stays beside its corrections.
SELECT component, from_at, to_at FROM monitor_fault WHERE from_at <= $2 AND to_at >= $1
ORDER BY component, from_at, known_at;

-- name: settle
-- Guarded by `touched`: a row that evidence or another sweep changed meanwhile stays due. An
-- attempt that must wait keeps its outcome and gets a later time. The ids stand twice so that
-- only their own partitions are opened.
UPDATE attempts SET
    touched = attempts.touched + 1,
    settle_at = new.settle_at,
    outcome = CASE WHEN new.settle_at IS NULL THEN new.outcome ELSE attempts.outcome END,
    reason = CASE WHEN new.settle_at IS NULL THEN new.reason ELSE attempts.reason END,
    settled_at = CASE WHEN new.settle_at IS NULL THEN new.now ELSE attempts.settled_at END,
    counted = attempts.counted OR new.settle_at IS NULL
FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
    AS new (probe_id, touched, outcome, reason, settle_at, now)
WHERE attempts.probe_id = ANY($1::uuid[])
    AND attempts.probe_id = new.probe_id AND attempts.touched = new.touched
RETURNING attempts.probe_id;

-- name: pending
-- Announced scheduled probes of these partitions without an outcome.
SELECT channel, provider, count(*) FROM attempts
WHERE partition = ANY($1::int[]) AND settle_at IS NOT NULL AND outcome IS NULL
    AND purpose = 'scheduled'
GROUP BY channel, provider;
