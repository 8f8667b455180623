-- Who has the watch instead of the one whom the rota names.

-- name: put_override
INSERT INTO oncall_override (person, starts_at, ends_at, reason, actor)
VALUES ($1, $2, $3, $4, $5) RETURNING number;

-- name: overrides
SELECT number, person, starts_at, ends_at, reason, actor FROM oncall_override
WHERE ends_at > $1 ORDER BY number DESC LIMIT 100;
