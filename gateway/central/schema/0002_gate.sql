-- What the gateway writes: sites, the state of tickets, events and what is counted from them.

CREATE TABLE composteur.site (
    id             text PRIMARY KEY,
    epoch          integer NOT NULL DEFAULT 0,
    position       text NOT NULL DEFAULT '0-0',
    registered_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT site_id CHECK (composteur.is_space(id))
);
COMMENT ON COLUMN composteur.site.epoch IS 'Of the entitlement store that serves this site; a rebuilt store has the next one.';
COMMENT ON COLUMN composteur.site.position IS 'The last entry of the site''s event stream that is in the database.';

-- Freely updated and never by an indexed column: room on the page keeps its updates off the index.
CREATE TABLE composteur.ticket_state (
    code               text PRIMARY KEY,
    made               integer NOT NULL DEFAULT 0,
    made_by_window     integer[] NOT NULL DEFAULT '{}',
    persons_by_window  integer[] NOT NULL DEFAULT '{}',
    day                integer,
    made_on_day        integer NOT NULL DEFAULT 0,
    first_at           timestamptz,
    first_reader       text,
    last_at            timestamptz,
    last_reader        text,
    inside             text,
    origin             text,
    inside_persons     integer NOT NULL DEFAULT 0,
    moved_at           timestamptz,
    destroyed_at       timestamptz,
    last_event         text,
    nonces             text[] NOT NULL DEFAULT '{}'
) WITH (fillfactor = 85);
COMMENT ON TABLE composteur.ticket_state IS
    'What the gate has recorded for a ticket. A deleted ticket keeps or gets its row, which rebuilds it as cancelled.';
COMMENT ON COLUMN composteur.ticket_state.nonces IS
    'The last eight grants, oldest first: event,hash,persons,passed,window,flags.';

CREATE TABLE composteur.scan_event (
    event_id         text NOT NULL,
    at               timestamptz NOT NULL,
    site             text NOT NULL,
    kind             text NOT NULL,
    of               text,
    ticket_code      text,
    product          text,
    session          text,
    space            text,
    reader           text,
    operator         text,
    direction        text,
    decision         text,
    reason           text,
    persons          integer,
    audience         text,
    counted_persons  integer NOT NULL,
    counted_stamps   integer NOT NULL,
    device_at        timestamptz,
    offline          boolean NOT NULL,
    degraded         boolean NOT NULL,
    override_reason  text,
    conflict_with    text,
    PRIMARY KEY (event_id, at)
) PARTITION BY RANGE (at);
CREATE INDEX scan_event_by_ticket ON composteur.scan_event (ticket_code) WHERE ticket_code IS NOT NULL;
CREATE INDEX scan_event_by_grant ON composteur.scan_event (of) WHERE of IS NOT NULL;
CREATE INDEX scan_event_by_time ON composteur.scan_event USING brin (at) WITH (pages_per_range = 32);

-- Makes the partition of a month, named scan_event_YYYY_MM, unless it is there. Attached rather than
-- created in place: attaching does not wait for readers.
CREATE FUNCTION composteur.make_scan_event_partition(moment timestamptz) RETURNS text
LANGUAGE plpgsql SET timezone = 'UTC' SET search_path = composteur, pg_temp AS
$$
DECLARE
    month timestamptz := date_trunc('month', moment);
    part text := 'scan_event_' || to_char(moment, 'YYYY_MM');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('composteur.scan_event'));
    IF to_regclass('composteur.' || part) IS NULL THEN
        EXECUTE format('CREATE TABLE composteur.%I (LIKE composteur.scan_event INCLUDING DEFAULTS)', part);
        EXECUTE format('ALTER TABLE composteur.scan_event ATTACH PARTITION composteur.%I FOR VALUES FROM (%L) TO (%L)',
                       part, month, month + interval '1 month');
    END IF;
    RETURN part;
END
$$;

CREATE TABLE composteur.attendance (
    minute     timestamptz NOT NULL,
    site       text NOT NULL,
    space      text NOT NULL,
    product    text NOT NULL,
    audience   text NOT NULL,
    reader     text NOT NULL,
    direction  text NOT NULL,
    persons    integer NOT NULL,
    stamps     integer NOT NULL,
    PRIMARY KEY (site, minute, space, product, audience, reader, direction)
) WITH (fillfactor = 85);
COMMENT ON TABLE composteur.attendance IS 'At any instant the sum of the events by these keys; '''' where an event names none.';

CREATE TABLE composteur.reservation (
    event_id   text PRIMARY KEY,
    site       text NOT NULL,
    code       text NOT NULL,
    deadline   timestamptz NOT NULL,
    stamping   boolean NOT NULL,
    committed  boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE composteur.reservation IS 'Grants whose passage is awaited.';
COMMENT ON COLUMN composteur.reservation.stamping IS 'It holds a stamp; the rest of a party, a re-entry, an exit do not.';
COMMENT ON COLUMN composteur.reservation.committed IS 'The first of several persons has passed: the stamp is counted.';

CREATE TABLE composteur.space_state (
    site    text NOT NULL,
    space   text NOT NULL,
    inside  integer NOT NULL,
    PRIMARY KEY (site, space)
);

CREATE TABLE composteur.event_rejected (
    site      text NOT NULL,
    position  text NOT NULL,
    line      bytea NOT NULL,
    error     text NOT NULL,
    noted_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (site, position)
);
COMMENT ON TABLE composteur.event_rejected IS 'Lines of the event stream that this database would not take: each one is an alarm.';

CREATE TABLE composteur.api_key (
    site        text NOT NULL,
    name        text NOT NULL,
    hash        text PRIMARY KEY,
    role        text NOT NULL,
    reader      text,
    may         text[] NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz,
    CONSTRAINT api_key_name CHECK (composteur.is_id(name)),
    CONSTRAINT api_key_hash CHECK (hash ~ '^[0-9a-f]{64}$'),
    CONSTRAINT api_key_role CHECK (role IN ('viewer', 'scanner', 'operator', 'admin')),
    CONSTRAINT api_key_reader CHECK (composteur.is_space(reader)),
    CONSTRAINT api_key_may CHECK (may <@ ARRAY['destroy'])
);
CREATE UNIQUE INDEX api_key_in_use ON composteur.api_key (site, name) WHERE revoked_at IS NULL;


-- The memory of a ticket's grants: an entry of the same event gives way, the newest eight stay.
CREATE FUNCTION composteur.merged_nonces(kept text[], added text[]) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$
DECLARE
    entry text;
    event text;
    i integer;
    n integer := cardinality(kept);
BEGIN
    <<entries>>
    FOREACH entry IN ARRAY added LOOP
        event := split_part(entry, ',', 1) || ',';
        FOR i IN REVERSE n..1 LOOP
            IF starts_with(kept[i], event) THEN
                kept[i] := entry;
                CONTINUE entries;
            END IF;
        END LOOP;
        kept := kept || entry;
        n := n + 1;
    END LOOP;
    RETURN CASE WHEN n > 8 THEN kept[n - 7:] ELSE kept END;
END
$$;


-- Figures by window with one of them changed; missing ones are 0.
CREATE FUNCTION composteur.with_added(figures integer[], place integer, added integer) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$
BEGIN
    WHILE cardinality(figures) < place LOOP
        figures := figures || 0;
    END LOOP;
    figures[place] := greatest(figures[place] + added, 0);
    RETURN figures;
END
$$;


-- What sellers print: the spans in which a ticket may be stamped, as tickets/rules.py resolves them.
CREATE VIEW composteur.ticket_window AS
SELECT t.code,
       w.n,
       w.valid_from,
       CASE WHEN s.first_at IS NULL OR p.valid_for_s IS NULL THEN w.valid_until
            ELSE least(w.valid_until, date_trunc('second', s.first_at) + p.valid_for_s * interval '1 second')
       END AS valid_until,
       coalesce(w.spaces, t.spaces, p.spaces) AS spaces
  FROM composteur.ticket t
  JOIN composteur.product p ON p.id = t.product
  LEFT JOIN composteur.ticket_state s ON s.code = t.code
 CROSS JOIN LATERAL (
        SELECT g.n::integer AS n,
               date_trunc('second', CASE WHEN g.session IS NULL THEN g.valid_from
                    ELSE d.starts_at - p.margin_before_s * interval '1 second' END) AS valid_from,
               date_trunc('second', CASE WHEN g.session IS NULL THEN g.valid_until
                    ELSE CASE p.margin_after_from WHEN 'start' THEN d.starts_at
                              ELSE coalesce(d.ends_at, d.starts_at) END
                         + p.margin_after_s * interval '1 second' END) AS valid_until,
               g.spaces
          FROM (SELECT 1 AS n, t.session, t.valid_from, t.valid_until, NULL::text[] AS spaces
                 WHERE t.windows IS NULL
                UNION ALL
                SELECT e.n, e.w ->> 'session', composteur.instant(e.w ->> 'from'), composteur.instant(e.w ->> 'until'),
                       CASE jsonb_typeof(e.w -> 'spaces') WHEN 'array'
                            THEN ARRAY(SELECT jsonb_array_elements_text(e.w -> 'spaces')) END
                  FROM jsonb_array_elements(t.windows) WITH ORDINALITY AS e (w, n)
               ) AS g
          LEFT JOIN composteur.session d ON d.id = g.session
         WHERE g.session IS NULL OR d.id IS NOT NULL
       ) AS w;
COMMENT ON VIEW composteur.ticket_window IS 'The spans, in whole seconds, in which each ticket may be stamped.';
