-- Which revisions were mailed to their body, and what the relay said to it. Append-only: one line a
-- try that ended, so that a refusal stays beside the acceptance that followed.
CREATE TABLE report_mail (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body text COLLATE "C" NOT NULL,
    month text COLLATE "C" NOT NULL,
    revision int NOT NULL,
    at timestamptz NOT NULL DEFAULT bongsu.now(),
    message_id text NOT NULL,
    accepted boolean NOT NULL,
    answer text NOT NULL,
    FOREIGN KEY (body, month, revision) REFERENCES report_revision (body, month, revision)
);
