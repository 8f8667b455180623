-- Acknowledging: the row is written at once by whoever takes it in, the timeline's line by the
-- leader at its next tick. The text of an `ack` is for how many minutes.
ALTER TABLE incident_action DROP CONSTRAINT incident_action_kind_check;
ALTER TABLE incident_action
ADD CONSTRAINT incident_action_kind_check CHECK (kind IN ('note', 'close', 'ack'));
