-- Planned work and providers' own words. Nothing is changed: a newer version replaces an older one.

-- name: put_window
INSERT INTO maintenance (
    id, version, component, starts_at, ends_at, recurs, reason, announced_at, proof, actor
)
SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9
FROM maintenance WHERE id = $1
RETURNING version;

-- name: windows
-- The newest version of each; with $1 every version.
SELECT {window} FROM maintenance AS m
WHERE $1 OR version = (SELECT max(version) FROM maintenance WHERE id = m.id)
ORDER BY starts_at DESC NULLS LAST, id, version;

-- name: put_notice
INSERT INTO provider_notice (
    id, version, provider, component, says, said_at, proof, text, actor
)
SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7, $8
FROM provider_notice WHERE id = $1
RETURNING version;

-- name: notices
-- The newest version of each that was said since $2; with $1 every version.
SELECT {notice} FROM provider_notice AS n
WHERE ($1 OR version = (SELECT max(version) FROM provider_notice WHERE id = n.id)) AND said_at >= $2
ORDER BY said_at, id, version;
