-- What reports are answered from: events summed up by hour and by local day, and the figures of
-- sessions that are over.
--
-- These sums are only ever added to: an hour is rolled up once it is over (gateway/central/rolling.py),
-- and what is told late, an undo at the stamp's own time or an offline scan, adds a row of its own in
-- the transaction that records it. So a sum is the sum of its rows, and nobody waits for anybody.

ALTER TABLE composteur.site
    ADD COLUMN hours_until timestamptz NOT NULL DEFAULT '-infinity',
    ADD COLUMN days_until  date NOT NULL DEFAULT '-infinity',
    ADD COLUMN rolled_zone text;
COMMENT ON COLUMN composteur.site.hours_until IS 'Events before this instant are in attendance_hour and refusal_hour.';
COMMENT ON COLUMN composteur.site.days_until IS 'Hours of local days before this one are in attendance_day.';
COMMENT ON COLUMN composteur.site.rolled_zone IS 'The time zone whose hours and days these are.';

CREATE TABLE composteur.attendance_hour (
    hour       timestamptz NOT NULL,
    persons    integer NOT NULL,
    stamps     integer NOT NULL,
    site       text NOT NULL,
    space      text NOT NULL,
    product    text NOT NULL,
    direction  text NOT NULL,
    audience   text NOT NULL,
    reader     text NOT NULL,
    operator   text NOT NULL
);
CREATE INDEX attendance_hour_by_time ON composteur.attendance_hour (site, hour);
COMMENT ON TABLE composteur.attendance_hour IS 'Attendance by hours that are over; the rows of one key add up.';

CREATE TABLE composteur.attendance_day (
    day        date NOT NULL,
    persons    integer NOT NULL,
    stamps     integer NOT NULL,
    site       text NOT NULL,
    space      text NOT NULL,
    product    text NOT NULL,
    direction  text NOT NULL,
    audience   text NOT NULL,
    reader     text NOT NULL,
    operator   text NOT NULL
);
CREATE INDEX attendance_day_by_time ON composteur.attendance_day (site, day);
COMMENT ON TABLE composteur.attendance_day IS 'Attendance by local days that are over; the rows of one key add up.';

CREATE TABLE composteur.refusal_hour (
    hour       timestamptz NOT NULL,
    refusals   integer NOT NULL,
    site       text NOT NULL,
    space      text NOT NULL,
    product    text NOT NULL,
    direction  text NOT NULL,
    audience   text NOT NULL,
    reader     text NOT NULL,
    reason     text NOT NULL
);
CREATE INDEX refusal_hour_by_time ON composteur.refusal_hour (site, hour);
COMMENT ON TABLE composteur.refusal_hour IS 'Refused scans by hours that are over; the rows of one key add up.';

-- An event as it is summed up. An undo counts against who had stamped, not who took it back.
CREATE VIEW composteur.tallied AS
SELECT e.event_id, e.at, e.site,
       coalesce(e.space, '') AS space, coalesce(e.product, '') AS product,
       coalesce(e.direction, '') AS direction, coalesce(e.audience, '') AS audience,
       coalesce(e.reader, '') AS reader,
       coalesce(CASE WHEN e.kind = 'undo'
                     THEN (SELECT g.operator FROM composteur.scan_event g WHERE g.event_id = e.of LIMIT 1)
                     ELSE e.operator END, '') AS operator,
       e.counted_persons AS persons, e.counted_stamps AS stamps,
       (e.kind = 'scan' AND e.decision = 'denied') AS refused,
       coalesce(e.reason, '') AS reason, e.session
  FROM composteur.scan_event e;


-- Figures of sessions that are over: what a ticket list would have to be counted for.

CREATE TABLE composteur.session_figure (
    session    text NOT NULL,
    tickets    integer NOT NULL,
    persons    integer NOT NULL,
    come       integer NOT NULL,
    stamps     integer NOT NULL,
    stamped    boolean NOT NULL,
    attention  boolean NOT NULL,
    voucher    boolean NOT NULL,
    product    text NOT NULL,
    audience   text NOT NULL,
    source     text NOT NULL,
    status     text NOT NULL
);
CREATE INDEX session_figure_by_session ON composteur.session_figure (session);
COMMENT ON COLUMN composteur.session_figure.come IS 'Persons admitted, at most those of the ticket.';
COMMENT ON COLUMN composteur.session_figure.voucher IS 'The session is one of several windows of these tickets.';

CREATE TABLE composteur.session_counted (
    session  text PRIMARY KEY
);
COMMENT ON TABLE composteur.session_counted IS
    'Sessions whose figures hold, unless session_touched or an event not rolled up yet names them.';

-- Added to with whatever changes a counted session's tickets, in the same transaction.
CREATE TABLE composteur.session_touched (
    session  text NOT NULL
);

-- The tickets of a session, once for each session, with what has come of them there. A hold that has
-- lapsed is a cancellation.
CREATE VIEW composteur.booking AS
SELECT p.session, p.n, p.voucher, p.code, p.product, p.audience, p.source, p.persons, p.attention,
       CASE WHEN p.status = 'on_hold' AND p.hold_until <= now() THEN 'cancelled' ELSE p.status END AS status,
       least(coalesce(s.persons_by_window[p.n], 0), p.persons) AS come,
       coalesce(s.made_by_window[p.n], 0) AS stamps,
       s.first_at, s.last_at, s.last_reader
  FROM (SELECT t.session, 1 AS n, false AS voucher, t.code, t.product, t.audience, t.source, t.persons,
               t.attention, t.status, t.hold_until
          FROM composteur.ticket t WHERE t.session IS NOT NULL AND t.windows IS NULL
        UNION ALL
        SELECT w.value ->> 'session', w.n::integer, true, t.code, t.product, t.audience, t.source,
               t.persons, t.attention, t.status, t.hold_until
          FROM composteur.ticket t
         CROSS JOIN LATERAL jsonb_array_elements(t.windows) WITH ORDINALITY AS w (value, n)
         WHERE t.windows IS NOT NULL AND w.value ? 'session') AS p
  LEFT JOIN composteur.ticket_state s ON s.code = p.code;

CREATE INDEX session_by_start ON composteur.session (starts_at);
CREATE INDEX ticket_with_windows ON composteur.ticket (code) WHERE windows IS NOT NULL;
CREATE INDEX ticket_undated ON composteur.ticket (valid_until) WHERE session IS NULL AND windows IS NULL;
CREATE INDEX ticket_by_order_date ON composteur.ticket (ordered_at) WHERE ordered_at IS NOT NULL;
CREATE INDEX ticket_from_elsewhere ON composteur.ticket (source, code) WHERE source <> 'own';

-- Only what may be counted already is touched: rolling.sql counts a session no sooner than a day after
-- its start and its last change, so that a seller's transaction older than that is the one exception.
CREATE FUNCTION composteur.tickets_touch_sessions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = composteur, pg_temp AS
$$
BEGIN
    INSERT INTO composteur.session_touched (session)
    SELECT s.id FROM composteur.session s
     WHERE s.starts_at < now()
       AND s.id IN (SELECT w.session FROM written w
                    UNION ALL
                    SELECT e.value ->> 'session' FROM written w
                     CROSS JOIN LATERAL jsonb_array_elements(w.windows) AS e WHERE w.windows IS NOT NULL);
    RETURN NULL;
END
$$;
CREATE FUNCTION composteur.tickets_changed_touch_sessions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = composteur, pg_temp AS
$$
BEGIN
    INSERT INTO composteur.session_touched (session)
    SELECT s.id FROM composteur.session s
     WHERE s.starts_at < now()
       AND s.id IN (SELECT w.session FROM written w
                    UNION ALL SELECT b.session FROM before b
                    UNION ALL
                    SELECT e.value ->> 'session'
                      FROM (SELECT windows FROM written UNION ALL SELECT windows FROM before) AS w
                     CROSS JOIN LATERAL jsonb_array_elements(w.windows) AS e WHERE w.windows IS NOT NULL);
    RETURN NULL;
END
$$;
CREATE FUNCTION composteur.sessions_uncounted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = composteur, pg_temp AS
$$
BEGIN
    INSERT INTO composteur.session_touched (session) SELECT session FROM composteur.session_counted;
    RETURN NULL;
END
$$;
CREATE TRIGGER touching_inserted AFTER INSERT ON composteur.ticket REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.tickets_touch_sessions();
CREATE TRIGGER touching_updated AFTER UPDATE ON composteur.ticket
    REFERENCING OLD TABLE AS before NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.tickets_changed_touch_sessions();
CREATE TRIGGER touching_deleted AFTER DELETE ON composteur.ticket REFERENCING OLD TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.tickets_touch_sessions();
CREATE TRIGGER touching_truncated BEFORE TRUNCATE ON composteur.ticket
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.sessions_uncounted();

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'composteur_seller') THEN
        GRANT SELECT ON composteur.attendance_hour, composteur.attendance_day TO composteur_seller;
    END IF;
END
$$;


-- Whether a ticket without a session of its own may be used in a period: its span, or one of its windows.
CREATE FUNCTION composteur.good_in(
    valid_from timestamptz, valid_until timestamptz, windows jsonb, starts timestamptz, ends timestamptz
) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$
SELECT CASE WHEN windows IS NULL THEN coalesce(valid_from < ends, true) AND coalesce(valid_until >= starts, true)
       ELSE EXISTS (
            SELECT FROM jsonb_array_elements(windows) AS e (w)
              LEFT JOIN composteur.session s ON s.id = e.w ->> 'session'
             WHERE CASE WHEN e.w ? 'session' THEN s.starts_at >= starts AND s.starts_at < ends
                        ELSE coalesce(composteur.instant(e.w ->> 'from') < ends, true)
                             AND coalesce(composteur.instant(e.w ->> 'until') >= starts, true) END) END
$$;
