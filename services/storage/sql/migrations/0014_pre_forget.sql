-- Retention of pages. Run with the owner's rights, as `maintain` is.

-- What a sweep looks for: pages of which nothing will become any more.
CREATE INDEX page_settled ON page (coalesce(accepted_at, given_up_at));
CREATE INDEX page_token_of ON page_token (page_id);

-- At most `most` settled pages go, with their calls and links, once they and all their incidents are
-- over for longer than the retention, which is never below 32 days. Returns how many went.
CREATE FUNCTION forget_pages(retention_days int, most int) RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
    WITH bound AS (
        SELECT clock_timestamp() - make_interval(days => greatest(retention_days, 32)) AS oldest
    ), old AS (
        SELECT id FROM page CROSS JOIN bound
        WHERE coalesce(accepted_at, given_up_at) < oldest
            AND NOT EXISTS (
                SELECT FROM page_incident AS named JOIN incident ON incident.id = named.incident_id
                WHERE named.page_id = page.id AND (closed_at IS NULL OR closed_at >= oldest)
            )
        LIMIT most FOR UPDATE OF page SKIP LOCKED
    ), tokens AS (
        DELETE FROM page_token WHERE page_id IN (SELECT id FROM old)
    ), tries AS (
        DELETE FROM page_try WHERE page_id IN (SELECT id FROM old)
    ), named AS (
        DELETE FROM page_incident WHERE page_id IN (SELECT id FROM old)
    ), gone AS (
        DELETE FROM page WHERE id IN (SELECT id FROM old) RETURNING id
    ), unasked AS (
        -- Of paths that left the catalogue.
        DELETE FROM path_proof USING bound WHERE asked_at < oldest
    )
    SELECT count(*) FROM gone
$$;
