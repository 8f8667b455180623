-- Roles of bongsu, for an administrator or for `bongsu init`. Run in the database of bongsu; can be
-- run again. {…} stands for a value.

-- name: make_role
-- `{role}` is a role's name; `bongsu_owner` needs no login.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
    END IF;
END $$;

-- name: let_log_in
-- `{verifier}` is a SCRAM-SHA-256 verifier, so that no log of statements holds the password.
ALTER ROLE {role} LOGIN PASSWORD '{verifier}';

-- name: let_owner_own
-- Migrations run as the owner; nobody else makes tables here.
GRANT bongsu_owner TO CURRENT_USER;
GRANT CREATE ON DATABASE {database} TO bongsu_owner;
GRANT USAGE, CREATE ON SCHEMA public TO bongsu_owner;
REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE {database} TO bongsu_sink;
GRANT CONNECT ON DATABASE {database} TO bongsu_report, bongsu_grafana;

-- name: limit_roles
-- The server's own bounds, whatever a client sets for itself.
ALTER ROLE bongsu_sink SET statement_timeout = '30s';
ALTER ROLE bongsu_sink SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE bongsu_sink SET lock_timeout = '5s';
ALTER ROLE bongsu_report SET statement_timeout = '60s';
ALTER ROLE bongsu_report SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE bongsu_report SET default_transaction_read_only = on;
ALTER ROLE bongsu_grafana SET statement_timeout = '15s';
ALTER ROLE bongsu_grafana SET idle_in_transaction_session_timeout = '15s';
ALTER ROLE bongsu_grafana SET default_transaction_read_only = on;

-- name: grant_tables
-- Run as the owner after every migration. Evidence is append-only by privilege; nothing but the
-- owner's `maintain` deletes of it. A timeline is append-only; people ask, the leader does. Tokens
-- of the API are the owner's: who may read, or do the sink's work, may not let people in.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public, dash, bongsu TO bongsu_sink, bongsu_report;
GRANT SELECT ON ALL TABLES IN SCHEMA public, dash TO bongsu_sink, bongsu_report;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public, dash TO bongsu_sink;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA dash TO bongsu_report;
GRANT EXECUTE ON FUNCTION first_id_at(timestamptz) TO bongsu_report;
-- Boards see views without personal data and nothing behind them.
GRANT USAGE ON SCHEMA dash TO bongsu_grafana;
GRANT SELECT ON ALL TABLES IN SCHEMA dash TO bongsu_grafana;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA dash TO bongsu_grafana;
GRANT EXECUTE ON FUNCTION first_id_at(timestamptz) TO bongsu_grafana;
REVOKE ALL ON FUNCTION make_day(text, date) FROM bongsu_sink;
-- Months: people correct them by their own tokens only; the sink seals none.
REVOKE ALL ON FUNCTION begin_report_epoch(text), seal_revision(bigint, bytea, bigint) FROM bongsu_sink;
GRANT EXECUTE ON FUNCTION
    begin_report_epoch(text), seal_revision(bigint, bytea, bigint), approver(bytea),
    propose_correction(bytea, text, text, text, jsonb, text, text),
    decide_correction(bytea, bigint, boolean, text, text)
TO bongsu_report;
GRANT INSERT ON report_draft, report_context TO bongsu_report;
GRANT INSERT, UPDATE ON rollup_day, rollup_month TO bongsu_report;
GRANT INSERT (body, month, revision, message_id, accepted, answer) ON report_mail TO bongsu_report;
GRANT INSERT (person, body, month, revision, files) ON document_log TO bongsu_report;
GRANT INSERT ON evidence, catalogue_revision, catalogue_object TO bongsu_sink;
GRANT INSERT, UPDATE ON attempts, message_ref, liveness, observed_last, consumer_offset TO bongsu_sink;
GRANT INSERT, UPDATE ON detector_state, leader_epoch, incident TO bongsu_sink;
GRANT INSERT, DELETE ON detector_table, incident_candidate TO bongsu_sink;
GRANT INSERT ON incident_event TO bongsu_sink;
GRANT UPDATE (done_at) ON incident_action TO bongsu_sink;
GRANT INSERT, UPDATE ON page, page_try, page_token, path_proof TO bongsu_sink;
GRANT INSERT, DELETE ON page_incident TO bongsu_sink;
GRANT INSERT ON incident_ack, incident_action, oncall_override, maintenance, provider_notice, audit
TO bongsu_sink;
GRANT INSERT (incident_id, kind, actor, text) ON incident_action TO bongsu_report;
GRANT INSERT (incident_id, person, via, expires_at) ON incident_ack TO bongsu_report;
GRANT INSERT (person, starts_at, ends_at, reason, actor) ON oncall_override TO bongsu_report;
GRANT INSERT (person, via, action, object, detail) ON audit TO bongsu_report;
GRANT INSERT (
    id, version, component, starts_at, ends_at, recurs, reason, announced_at, proof, actor
) ON maintenance TO bongsu_report;
GRANT INSERT (
    id, version, provider, component, says, said_at, proof, text, actor
) ON provider_notice TO bongsu_report;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO bongsu_sink, bongsu_report;
