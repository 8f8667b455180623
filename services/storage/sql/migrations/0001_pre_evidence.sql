-- Evidence: what happened, once each, never changed. Partitions are UTC days of the id itself, so
-- the id alone is the key and finds its partition.

-- The smallest id of a millisecond, as `contracts.ids.first_id_at`.
CREATE FUNCTION first_id_at(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    lpad(to_hex(greatest(0, floor(extract(epoch FROM at) * 1000))::bigint), 12, '0') || repeat('0', 20)
)::uuid;

CREATE TABLE evidence (
    event_id uuid PRIMARY KEY,
    probe_id uuid,
    kind text NOT NULL,
    version smallint NOT NULL,
    source text NOT NULL,
    occurred_at timestamptz NOT NULL,
    known_at timestamptz NOT NULL,
    topic_partition int NOT NULL,
    topic_offset bigint NOT NULL,
    account text,
    provider_message_id text,
    receiver text,
    body jsonb NOT NULL
) PARTITION BY RANGE (event_id);

CREATE INDEX evidence_known_at ON evidence USING brin (known_at);

-- Catches a day nobody made a partition for; `maintain` moves its rows.
CREATE TABLE evidence_default PARTITION OF evidence DEFAULT;
