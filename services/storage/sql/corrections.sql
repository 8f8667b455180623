-- Corrections of months. The functions find the person by the token; nothing else may write.

-- name: propose
SELECT propose_correction($1, $2, $3, $4, $5, $6, $7);

-- name: decide
SELECT decide_correction($1, $2, $3, $4, $5);

-- name: corrections
-- Of one body and month, or of all, the oldest first.
SELECT {correction} FROM report_correction
WHERE ($1::text IS NULL OR body = $1) AND ($2::text IS NULL OR month = $2) ORDER BY id;

-- name: exclusions
SELECT {exclusion} FROM exclusion WHERE body = $1 AND known_at < $2 ORDER BY correction;

-- name: put_draft
INSERT INTO report_draft (body, month, revision, made_at, diff) VALUES ($1, $2, $3, bongsu.now(), $4);

-- name: drafts
-- The newest of each revision that is still its month's latest, unless it says that nothing differs.
SELECT body, month, revision, made_at, diff FROM (
    SELECT DISTINCT ON (body, month) * FROM report_draft AS d
    WHERE revision = (SELECT max(revision) FROM report_revision AS r
        WHERE r.body = d.body AND r.month = d.month)
    ORDER BY body, month, made_at DESC
) AS newest
WHERE diff <> '[]';
