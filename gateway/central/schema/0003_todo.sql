-- The to-do list of the gates: what changed, for each registered site, until it is applied there.
--
-- Rows are only ever added by sellers and deleted by the feed, by their number: neither waits for
-- the other, however long a seller's transaction lasts. A row takes its number after its statement
-- has got every lock it needed, so that for one id the later change has the greater number.

CREATE TABLE composteur.change (
    rev   bigint PRIMARY KEY DEFAULT nextval('composteur.rev'),
    site  text NOT NULL,
    kind  text NOT NULL,
    id    text NOT NULL
);
CREATE INDEX change_by_site ON composteur.change (site, rev);

-- `updated_at = now()`: the rows that this transaction has really changed (0001).
CREATE FUNCTION composteur.catalogue_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = composteur, pg_temp AS
$$
BEGIN
    INSERT INTO composteur.change (site, kind, id)
    SELECT s.id, TG_TABLE_NAME, w.id
      FROM written w CROSS JOIN composteur.site s
     WHERE w.updated_at = now();
    IF FOUND THEN
        PERFORM pg_notify('composteur_change', '');
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION composteur.catalogue_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = composteur, pg_temp AS
$$
BEGIN
    INSERT INTO composteur.change (site, kind, id)
    SELECT s.id, TG_TABLE_NAME, d.id FROM deleted d CROSS JOIN composteur.site s;
    IF FOUND THEN
        PERFORM pg_notify('composteur_change', '');
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION composteur.tickets_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = composteur, pg_temp AS
$$
BEGIN
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

-- A deleted ticket is a cancelled one, and a destroyed one stays destroyed if it is sold again.
CREATE FUNCTION composteur.tickets_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = composteur, pg_temp AS
$$
BEGIN
    INSERT INTO composteur.ticket_state AS s (code, destroyed_at)
    SELECT d.code, d.destroyed_at FROM deleted d ORDER BY d.code
    ON CONFLICT (code) DO UPDATE SET destroyed_at = excluded.destroyed_at
     WHERE s.destroyed_at IS NULL AND excluded.destroyed_at IS NOT NULL;
    INSERT INTO composteur.change (site, kind, id)
    SELECT s.id, 'ticket', d.code FROM deleted d CROSS JOIN composteur.site s;
    IF FOUND THEN
        PERFORM pg_notify('composteur_change', '');
    END IF;
    RETURN NULL;
END
$$;

-- TRUNCATE has no transition table: what is about to go is still there to be read.
CREATE FUNCTION composteur.about_to_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = composteur, pg_temp AS
$$
BEGIN
    IF TG_TABLE_NAME = 'ticket' THEN
        INSERT INTO composteur.ticket_state AS s (code, destroyed_at)
        SELECT t.code, t.destroyed_at FROM composteur.ticket t ORDER BY t.code
        ON CONFLICT (code) DO UPDATE SET destroyed_at = excluded.destroyed_at
         WHERE s.destroyed_at IS NULL AND excluded.destroyed_at IS NOT NULL;
    END IF;
    EXECUTE format('INSERT INTO composteur.change (site, kind, id)'
                   ' SELECT s.id, %L, t.%I FROM composteur.%I t CROSS JOIN composteur.site s',
                   TG_TABLE_NAME, CASE TG_TABLE_NAME WHEN 'ticket' THEN 'code' ELSE 'id' END, TG_TABLE_NAME);
    PERFORM pg_notify('composteur_change', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER inserted AFTER INSERT ON composteur.product REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.catalogue_written();
CREATE TRIGGER updated AFTER UPDATE ON composteur.product REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.catalogue_written();
CREATE TRIGGER deleted AFTER DELETE ON composteur.product REFERENCING OLD TABLE AS deleted
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.catalogue_deleted();
CREATE TRIGGER truncated BEFORE TRUNCATE ON composteur.product
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.about_to_truncate();

CREATE TRIGGER inserted AFTER INSERT ON composteur.session REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.catalogue_written();
CREATE TRIGGER updated AFTER UPDATE ON composteur.session REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.catalogue_written();
CREATE TRIGGER deleted AFTER DELETE ON composteur.session REFERENCING OLD TABLE AS deleted
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.catalogue_deleted();
CREATE TRIGGER truncated BEFORE TRUNCATE ON composteur.session
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.about_to_truncate();

CREATE TRIGGER inserted AFTER INSERT ON composteur.ticket REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.tickets_written();
CREATE TRIGGER updated AFTER UPDATE ON composteur.ticket REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.tickets_written();
CREATE TRIGGER deleted AFTER DELETE ON composteur.ticket REFERENCING OLD TABLE AS deleted
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.tickets_deleted();
CREATE TRIGGER truncated BEFORE TRUNCATE ON composteur.ticket
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.about_to_truncate();
