-- What sellers changed of a ticket after they had sold it: cancelled, paid, moved, replaced, more persons.
-- Written by the statements themselves, whoever makes them; the names of people and other codes stay out.

CREATE TABLE composteur.ticket_change (
    code  text NOT NULL,
    rev   bigint NOT NULL,
    at    timestamptz NOT NULL DEFAULT now(),
    what  jsonb NOT NULL,
    PRIMARY KEY (code, rev)
);
CREATE INDEX ticket_change_by_time ON composteur.ticket_change USING brin (at);
COMMENT ON TABLE composteur.ticket_change IS 'The life of a ticket at its seller''s, after it was sold.';
COMMENT ON COLUMN composteur.ticket_change.what IS 'Column: [before, after]. Of replaced_by whether there is one.';

CREATE FUNCTION composteur.tickets_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = composteur, pg_temp AS
$$
BEGIN
    INSERT INTO composteur.ticket_change (code, rev, what)
    SELECT n.code, n.rev, jsonb_strip_nulls(jsonb_build_object(
               'status', CASE WHEN o.status <> n.status THEN jsonb_build_array(o.status, n.status) END,
               'product', CASE WHEN o.product <> n.product THEN jsonb_build_array(o.product, n.product) END,
               'session', CASE WHEN o.session IS DISTINCT FROM n.session
                               THEN jsonb_build_array(o.session, n.session) END,
               'valid_from', CASE WHEN o.valid_from IS DISTINCT FROM n.valid_from
                                  THEN jsonb_build_array(o.valid_from, n.valid_from) END,
               'valid_until', CASE WHEN o.valid_until IS DISTINCT FROM n.valid_until
                                   THEN jsonb_build_array(o.valid_until, n.valid_until) END,
               'windows', CASE WHEN o.windows IS DISTINCT FROM n.windows
                               THEN jsonb_build_array(o.windows, n.windows) END,
               'persons', CASE WHEN o.persons <> n.persons THEN jsonb_build_array(o.persons, n.persons) END,
               'spaces', CASE WHEN o.spaces IS DISTINCT FROM n.spaces
                              THEN jsonb_build_array(o.spaces, n.spaces) END,
               'hold_until', CASE WHEN o.hold_until IS DISTINCT FROM n.hold_until
                                  THEN jsonb_build_array(o.hold_until, n.hold_until) END,
               'replaced_by', CASE WHEN o.replaced_by IS DISTINCT FROM n.replaced_by
                                   THEN jsonb_build_array(o.replaced_by IS NOT NULL, n.replaced_by IS NOT NULL) END,
               'destroyed_at', CASE WHEN o.destroyed_at IS DISTINCT FROM n.destroyed_at
                                    THEN jsonb_build_array(o.destroyed_at, n.destroyed_at) END))
      FROM written n JOIN before o ON o.code = n.code
     WHERE n.rev <> o.rev
       AND (o.status, o.product, o.session, o.valid_from, o.valid_until, o.windows, o.persons, o.spaces,
            o.hold_until, o.replaced_by, o.destroyed_at)
           IS DISTINCT FROM
           (n.status, n.product, n.session, n.valid_from, n.valid_until, n.windows, n.persons, n.spaces,
            n.hold_until, n.replaced_by, n.destroyed_at);
    RETURN NULL;
END
$$;
CREATE TRIGGER changed AFTER UPDATE ON composteur.ticket REFERENCING OLD TABLE AS before NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.tickets_changed();

-- A deleted ticket is a cancelled one.
CREATE FUNCTION composteur.tickets_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = composteur, pg_temp AS
$$
BEGIN
    INSERT INTO composteur.ticket_change (code, rev, what)
    SELECT d.code, nextval('composteur.rev'), jsonb_build_object('status', jsonb_build_array(d.status, 'deleted'))
      FROM deleted d;
    RETURN NULL;
END
$$;
CREATE TRIGGER gone AFTER DELETE ON composteur.ticket REFERENCING OLD TABLE AS deleted
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.tickets_gone();

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'composteur_seller') THEN
        GRANT SELECT ON composteur.ticket_change TO composteur_seller;
    END IF;
END
$$;

-- What is forgotten of tickets (0009), their life among it.
ALTER FUNCTION composteur.forget_tickets(text[], boolean) RENAME TO forget_all_but_changes;
CREATE FUNCTION composteur.forget_tickets(codes text[], erased boolean) RETURNS integer
LANGUAGE plpgsql SET search_path = composteur, pg_temp AS
$$
DECLARE
    forgotten integer := composteur.forget_all_but_changes(codes, erased);
BEGIN
    DELETE FROM composteur.ticket_change WHERE code = ANY (codes);
    RETURN forgotten;
END
$$;
REVOKE EXECUTE ON FUNCTION composteur.forget_tickets(text[], boolean), composteur.forget_all_but_changes(text[], boolean)
    FROM PUBLIC;
