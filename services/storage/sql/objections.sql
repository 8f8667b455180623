-- Objections to closed months. The functions find the person by the token; nothing else may write.

-- name: open
SELECT open_objection($1, $2, $3, $4, $5, $6, $7, $8);

-- name: decide
SELECT decide_objection($1, $2, $3, $4);

-- name: objections
-- Of one body and month, or of all, the oldest first.
SELECT {objection} FROM report_objection
WHERE ($1::text IS NULL OR body = $1) AND ($2::text IS NULL OR month = $2) ORDER BY id;
