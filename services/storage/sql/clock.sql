-- The clock of a replay database; rights see to it that only the owner moves it.

-- name: play
INSERT INTO replay_clock (at) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET at = excluded.at;
