-- Partitions and retention. Run with the owner's rights, so that no other role needs to delete.

-- Make one day's partition. Rows of that day in the default partition move into it.
CREATE FUNCTION make_day(parent text, day date) RETURNS void
LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
    part text := parent || to_char(day, '_YYYYMMDD');
    spare text := parent || '_default';
    key text := CASE parent WHEN 'evidence' THEN 'event_id' ELSE 'probe_id' END;
    low uuid := first_id_at(day::timestamptz);
    high uuid := first_id_at((day + 1)::timestamptz);
    options text := CASE parent WHEN 'attempts' THEN 'WITH (fillfactor = 70)' ELSE '' END;
    columns text;
    caught boolean;
BEGIN
    IF to_regclass(part) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I >= %L AND %2$I < %4$L)',
        spare, key, low, high) INTO caught;
    IF caught THEN
        EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, spare);
    END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L) %s',
        part, parent, low, high, options);
    IF caught THEN
        SELECT string_agg(quote_ident(attname), ', ') INTO columns FROM pg_attribute
        WHERE attrelid = to_regclass(parent) AND attnum > 0
            AND NOT attisdropped AND attgenerated = '';
        EXECUTE format('INSERT INTO %I (%s) SELECT %2$s FROM %I WHERE %I >= %L AND %4$I < %6$L',
            part, columns, spare, key, low, high);
        EXECUTE format('DELETE FROM %I WHERE %I >= %L AND %2$I < %4$L', spare, key, low, high);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I DEFAULT', parent, spare);
    END IF;
END $$;

-- Partitions from yesterday to `days_ahead`; what is older than `retention_days` goes. Returns how
-- many rows lie in the default partitions: above zero, somebody must look.
CREATE FUNCTION maintain(days_ahead int, retention_days int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
    today date := now()::date;
    oldest date := today - retention_days;
    old regclass;
    parent text;
    stray bigint;
BEGIN
    -- The role that calls this may not delete: it may not do so by a short retention either.
    IF retention_days < 32 OR days_ahead NOT BETWEEN 1 AND 60 THEN
        RAISE EXCEPTION 'retention below 32 days, or partitions not 1 to 60 days ahead';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('bongsu maintain'));
    FOREACH parent IN ARRAY ARRAY['evidence', 'attempts'] LOOP
        PERFORM make_day(parent, day::date)
        FROM generate_series(today - 1, today + days_ahead, interval '1 day') AS day;
        FOR old IN
            SELECT inhrelid::regclass FROM pg_inherits JOIN pg_class ON oid = inhrelid
            WHERE inhparent = to_regclass(parent) AND relname ~ '_\d{8}$'
                AND to_date(right(relname, 8), 'YYYYMMDD') < oldest
        LOOP
            EXECUTE format('DROP TABLE %s', old);
        END LOOP;
    END LOOP;
    DELETE FROM evidence_default WHERE event_id < first_id_at(oldest::timestamptz);
    DELETE FROM attempts_default WHERE probe_id < first_id_at(oldest::timestamptz);
    DELETE FROM message_ref WHERE known_at < oldest::timestamptz;
    DELETE FROM liveness WHERE minute < oldest::timestamptz;
    SELECT (SELECT count(*) FROM evidence_default) + (SELECT count(*) FROM attempts_default)
    INTO stray;
    RETURN stray;
END $$;
