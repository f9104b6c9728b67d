-- The audit as a chain: each act carries a hash over the one before it, so that an act edited, removed,
-- slipped in or put elsewhere is found (gateway/people/chain.py; `composteur audit verify`).
--
-- What an act says is hashed with a salt of its own (`seal`), and the chain is made over the seals.
-- So an act that may no longer name a visitor can be redacted, its words and its salt gone, and the
-- chain stands. Who redacted what is an act of its own.

ALTER TABLE composteur.audit
    ADD COLUMN seq          bigint,
    ADD COLUMN salt         bytea,
    ADD COLUMN seal         bytea,
    ADD COLUMN hash         bytea,
    ADD COLUMN redacted_at  timestamptz;
COMMENT ON COLUMN composteur.audit.seq IS 'The act''s place in its site''s chain: 1, 2, 3 …';
COMMENT ON COLUMN composteur.audit.seal IS 'sha256 of the salt and the act''s words.';
COMMENT ON COLUMN composteur.audit.hash IS 'sha256 of the hash before it, the place and the seal.';

CREATE TABLE composteur.audit_head (
    site    text PRIMARY KEY,
    seq     bigint NOT NULL DEFAULT 0,
    hash    bytea NOT NULL DEFAULT '\x',
    closed  bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE composteur.audit_head IS 'The end of each chain. Who adds to it locks this row: several gateways add in turn.';
COMMENT ON COLUMN composteur.audit_head.closed IS 'Acts up to this place are past their retention and gone.';

-- The words of an act, as text that is always written the same.
CREATE FUNCTION composteur.audit_words(a composteur.audit) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT jsonb_build_array(a.site, a.id, round(extract(epoch FROM a.at) * 1000), a.who, a.what, a.subject, a.details)::text $$;

CREATE FUNCTION composteur.audit_link(before bytea, seq bigint, seal bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT sha256(before || int8send(seq) || seal) $$;

-- Adds acts to the end of a site's chain, once each, in the order of their ids; how many were new.
CREATE FUNCTION composteur.add_acts(
    of_site text, ids text[], ats timestamptz[], whos text[], whats text[], subjects text[], told text[]
) RETURNS integer
LANGUAGE plpgsql SET search_path = composteur, pg_temp AS
$$
DECLARE
    head composteur.audit_head;
    act composteur.audit;
    added integer := 0;
BEGIN
    INSERT INTO composteur.audit_head (site) VALUES (of_site) ON CONFLICT DO NOTHING;
    SELECT * INTO head FROM composteur.audit_head WHERE site = of_site FOR UPDATE;
    FOR act IN
        SELECT DISTINCT ON (a.id)
               of_site, a.id, a.at, a.who, a.what, a.subject, a.details::jsonb,
               NULL::bigint, uuid_send(gen_random_uuid()), NULL::bytea, NULL::bytea, NULL::timestamptz
          FROM unnest(ids, ats, whos, whats, subjects, told) AS a (id, at, who, what, subject, details)
         WHERE NOT EXISTS (SELECT FROM composteur.audit k WHERE k.site = of_site AND k.id = a.id)
         ORDER BY a.id
    LOOP
        head.seq := head.seq + 1;
        act.seq := head.seq;
        act.seal := sha256(act.salt || convert_to(composteur.audit_words(act), 'UTF8'));
        act.hash := composteur.audit_link(head.hash, act.seq, act.seal);
        head.hash := act.hash;
        INSERT INTO composteur.audit VALUES (act.*);
        added := added + 1;
    END LOOP;
    UPDATE composteur.audit_head SET seq = head.seq, hash = head.hash WHERE site = of_site;
    RETURN added;
END
$$;

-- Acts from before there was a chain are its beginning, in the order of their ids.
DO $$
DECLARE
    act composteur.audit;
    seq bigint := 0;
    before bytea := '\x';
    of_site text := NULL;
BEGIN
    FOR act IN SELECT * FROM composteur.audit ORDER BY site, id LOOP
        IF act.site IS DISTINCT FROM of_site THEN
            of_site := act.site;
            seq := 0;
            before := '\x';
        END IF;
        seq := seq + 1;
        act.salt := uuid_send(gen_random_uuid());
        act.seal := sha256(act.salt || convert_to(composteur.audit_words(act), 'UTF8'));
        before := composteur.audit_link(before, seq, act.seal);
        UPDATE composteur.audit a SET seq = act_seq.n, salt = act.salt, seal = act.seal, hash = before
          FROM (SELECT seq AS n) AS act_seq WHERE a.site = act.site AND a.id = act.id;
        INSERT INTO composteur.audit_head AS h (site, seq, hash) VALUES (act.site, seq, before)
        ON CONFLICT (site) DO UPDATE SET seq = excluded.seq, hash = excluded.hash;
    END LOOP;
END
$$;

ALTER TABLE composteur.audit
    ALTER COLUMN seq SET NOT NULL, ALTER COLUMN seal SET NOT NULL, ALTER COLUMN hash SET NOT NULL;
CREATE UNIQUE INDEX audit_chain ON composteur.audit (site, seq);
CREATE INDEX audit_by_subject ON composteur.audit (subject) WHERE subject IS NOT NULL;

-- Acts are added, never changed: but for words that are redacted, and those past their retention.
CREATE FUNCTION composteur.audit_stands() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.seq <= (SELECT h.closed FROM composteur.audit_head h WHERE h.site = OLD.site) THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.salt IS NULL AND NEW.redacted_at IS NOT NULL
       AND (NEW.site, NEW.id, NEW.at, NEW.who, NEW.what, NEW.seq, NEW.seal, NEW.hash)
         = (OLD.site, OLD.id, OLD.at, OLD.who, OLD.what, OLD.seq, OLD.seal, OLD.hash) THEN
        RETURN NEW;
    END IF;
    RAISE integrity_constraint_violation USING
        MESSAGE = 'the audit is only added to', CONSTRAINT = 'audit_stands',
        SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER stands BEFORE UPDATE OR DELETE ON composteur.audit
    FOR EACH ROW EXECUTE FUNCTION composteur.audit_stands();
CREATE FUNCTION composteur.audit_is_not_emptied() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    RAISE integrity_constraint_violation USING
        MESSAGE = 'the audit is only added to', CONSTRAINT = 'audit_stands',
        SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER not_emptied BEFORE TRUNCATE ON composteur.audit
    FOR EACH STATEMENT EXECUTE FUNCTION composteur.audit_is_not_emptied();
