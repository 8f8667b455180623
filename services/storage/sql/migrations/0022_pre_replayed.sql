-- What people and detectors enter is known by the same clock as months are due, so that a replay
-- database knows it when it would have been known. In production both are the server's clock.
ALTER TABLE incident_event ALTER known_at SET DEFAULT bongsu.now();
ALTER TABLE incident_ack ALTER at SET DEFAULT bongsu.now();
ALTER TABLE monitor_fault ALTER known_at SET DEFAULT bongsu.now();
ALTER TABLE maintenance ALTER known_at SET DEFAULT bongsu.now();
ALTER TABLE provider_notice ALTER known_at SET DEFAULT bongsu.now();
