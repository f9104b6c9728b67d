-- What is kept for how long, and the proof of what is not kept any more (docs/privacy.md).
--
-- Events past their first span keep all but the code, in whose place is a pseudonym; past the second
-- their month's partition is dropped, and its totals are what remains. What a ticket was stamped by
-- events that name it no more stands in `ticket_closing`, so that `composteur verify` goes on
-- proving each ticket: its stamps = its events + its closing.

CREATE FUNCTION composteur.is_pseudonym(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT left(value, 1) = '~' AND value ~ '^~[A-Z2-7]{26}$' $$;

CREATE TABLE composteur.ticket_closing (
    code    text NOT NULL,
    site    text NOT NULL,
    stamps  bigint NOT NULL,
    PRIMARY KEY (code, site)
);
COMMENT ON TABLE composteur.ticket_closing IS
    'Stamps of a ticket whose events name it no more; of code '''' those of tickets that were forgotten.';

CREATE TABLE composteur.closing (
    site               text NOT NULL,
    month              timestamptz NOT NULL,
    swept_to           timestamptz,
    seen_inserts       bigint,
    pseudonymised      bigint NOT NULL DEFAULT 0,
    due_at             timestamptz,
    closed_at          timestamptz,
    events             bigint NOT NULL DEFAULT 0,
    persons_in         bigint NOT NULL DEFAULT 0,
    persons_out        bigint NOT NULL DEFAULT 0,
    stamps             bigint NOT NULL DEFAULT 0,
    counts_removed_at  timestamptz,
    PRIMARY KEY (site, month)
);
COMMENT ON TABLE composteur.closing IS 'What the purge has done to a month of events, and its totals when they were dropped.';
COMMENT ON COLUMN composteur.closing.swept_to IS 'Events of the month before this name no ticket.';
COMMENT ON COLUMN composteur.closing.seen_inserts IS
    'Rows its partition had been given when the whole month was swept: more of them, and it is swept again.';
COMMENT ON COLUMN composteur.closing.due_at IS 'Since then this site needs the month''s events no more.';

CREATE FUNCTION composteur.is_closed(wanted text, moment timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS
$$
SELECT EXISTS (SELECT FROM composteur.closing c
                WHERE c.site = wanted AND c.closed_at IS NOT NULL AND c.month = date_trunc('month', moment, 'UTC'))
$$;
COMMENT ON FUNCTION composteur.is_closed IS 'Whether the events of an instant''s month were dropped: closing has their totals.';

CREATE TABLE composteur.purge_run (
    site         text PRIMARY KEY,
    finished_at  timestamptz NOT NULL,
    removed      jsonb NOT NULL
);
COMMENT ON TABLE composteur.purge_run IS 'The last purge of each site.';

CREATE TABLE composteur.pseudonym_key (
    site          text NOT NULL,
    fingerprint   text NOT NULL,
    made_at       timestamptz NOT NULL DEFAULT now(),
    destroyed_at  timestamptz,
    PRIMARY KEY (site, fingerprint)
);
CREATE UNIQUE INDEX pseudonym_key_in_use ON composteur.pseudonym_key (site) WHERE destroyed_at IS NULL;
COMMENT ON TABLE composteur.pseudonym_key IS 'Which key pseudonyms are made with. The key itself is never in the database.';

-- Tickets that were erased: sold again under the same code they are destroyed ones. The hash says
-- that a code was erased, and leads to no event and no person.
CREATE TABLE composteur.erased_ticket (
    digest     bytea PRIMARY KEY,
    erased_at  timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX ticket_by_replacement ON composteur.ticket (replaced_by) WHERE replaced_by IS NOT NULL;

-- Whether a ticket has been of no more use since before an instant: its windows have all ended, or it
-- was cancelled, replaced or destroyed.
CREATE FUNCTION composteur.ended_before(t composteur.ticket, moment timestamptz, by_time boolean) RETURNS boolean
LANGUAGE sql STABLE AS
$$
SELECT coalesce((SELECT bool_and(w.valid_until < moment AND w.valid_until IS NOT NULL)
                   FROM composteur.ticket_window w WHERE w.code = t.code), false)
    OR (NOT by_time AND t.updated_at < moment
        AND (t.status IN ('cancelled', 'replaced') OR t.destroyed_at < moment))
$$;

-- Forgets tickets: their rows, what the gate recorded, what they were replaced by. The stores are told
-- by the to-do list, on which they are no more tickets but codes to be forgotten. How many had a row.
CREATE FUNCTION composteur.forget_tickets(codes text[], erased boolean) RETURNS integer
LANGUAGE plpgsql SET search_path = composteur, pg_temp AS
$$
DECLARE
    forgotten integer;
BEGIN
    PERFORM FROM composteur.ticket_state WHERE code = ANY (codes) ORDER BY code FOR UPDATE;
    UPDATE composteur.ticket SET replaced_by = NULL WHERE replaced_by = ANY (codes);
    DELETE FROM composteur.ticket WHERE code = ANY (codes);
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    DELETE FROM composteur.ticket_state WHERE code = ANY (codes);
    DELETE FROM composteur.reservation WHERE code = ANY (codes);
    WITH gone AS (
        DELETE FROM composteur.ticket_closing WHERE code = ANY (codes) RETURNING site, stamps
    )
    INSERT INTO composteur.ticket_closing AS c (code, site, stamps)
    SELECT '', site, sum(stamps) FROM gone GROUP BY site
    ON CONFLICT (code, site) DO UPDATE SET stamps = c.stamps + excluded.stamps;
    IF erased THEN
        INSERT INTO composteur.erased_ticket (digest)
        SELECT sha256(convert_to(code, 'UTF8')) FROM unnest(codes) AS code ON CONFLICT DO NOTHING;
    END IF;
    DELETE FROM composteur.change WHERE kind = 'ticket' AND id = ANY (codes);
    INSERT INTO composteur.change (site, kind, id)
    SELECT s.id, 'forget', code FROM unnest(codes) AS code CROSS JOIN composteur.site s;
    PERFORM pg_notify('composteur_change', '');
    RETURN forgotten;
END
$$;
REVOKE EXECUTE ON FUNCTION composteur.forget_tickets(text[], boolean) FROM PUBLIC;

-- An erased ticket that is sold again: what was used is never fresh.
CREATE OR REPLACE FUNCTION composteur.tickets_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = composteur, pg_temp AS
$$
BEGIN
    IF TG_OP = 'INSERT' AND EXISTS (SELECT FROM composteur.erased_ticket) THEN
        INSERT INTO composteur.ticket_state AS s (code, destroyed_at)
        SELECT w.code, e.erased_at
          FROM written w JOIN composteur.erased_ticket e ON e.digest = sha256(convert_to(w.code, 'UTF8'))
         ORDER BY w.code
        ON CONFLICT (code) DO UPDATE SET destroyed_at = excluded.destroyed_at WHERE s.destroyed_at IS NULL;
    END IF;
    INSERT INTO composteur.change (site, kind, id)
    SELECT s.id, 'ticket', w.code
      FROM written w CROSS JOIN composteur.site s
     WHERE w.updated_at = now();
    IF FOUND THEN
        PERFORM pg_notify('composteur_change', '');
    END IF;
    RETURN NULL;
END
$$;
