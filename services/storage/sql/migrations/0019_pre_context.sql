-- What a revision was made from beside its lines (`services/reporting/context.py`), kept with it: the
-- detector's incidents go on changing. Its seal holds for it: the report made of it must be the same.
CREATE TABLE report_context (
    body text COLLATE "C",
    month text COLLATE "C",
    revision int,
    context bytea NOT NULL,
    PRIMARY KEY (body, month, revision),
    FOREIGN KEY (body, month, revision) REFERENCES report_revision
);
