-- What a drill of a ladder is judged by (`contracts/ladder.py`).
ALTER TABLE attempts
    ADD substitute_sender text,
    ADD substitute_digest text,
    ADD substitute_tried_at timestamptz,
    ADD substitute_senders text[] NOT NULL DEFAULT '{}';
