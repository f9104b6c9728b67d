-- Sessions that were moved: one write that changes when all their tickets hold, and stands in the history of each.

CREATE TABLE composteur.session_change (
    id    text NOT NULL,
    rev   bigint NOT NULL,
    at    timestamptz NOT NULL DEFAULT now(),
    what  jsonb NOT NULL,
    PRIMARY KEY (id, rev)
);
COMMENT ON TABLE composteur.session_change IS 'Times of sessions as they were before. Names nobody.';
COMMENT ON COLUMN composteur.session_change.what IS 'session.COLUMN: [before, after].';

CREATE FUNCTION composteur.sessions_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = composteur, pg_temp AS
$$
BEGIN
    INSERT INTO composteur.session_change (id, rev, what)
    SELECT n.id, n.rev, jsonb_strip_nulls(jsonb_build_object(
               'session.starts_at', CASE WHEN o.starts_at <> n.starts_at
                                         THEN jsonb_build_array(o.starts_at, n.starts_at) END,
               'session.ends_at', CASE WHEN o.ends_at IS DISTINCT FROM n.ends_at
                                       THEN jsonb_build_array(o.ends_at, n.ends_at) END))
      FROM written n JOIN before o ON o.id = n.id
     WHERE (o.starts_at, o.ends_at) IS DISTINCT FROM (n.starts_at, n.ends_at);
    RETURN NULL;
END
$$;
CREATE TRIGGER changed AFTER UPDATE ON composteur.session REFERENCING OLD TABLE AS before NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.sessions_changed();

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'composteur_seller') THEN
        GRANT SELECT ON composteur.session_change TO composteur_seller;
    END IF;
END
$$;
