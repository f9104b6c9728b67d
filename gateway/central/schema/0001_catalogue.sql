-- What sellers write: products, sessions, tickets (DESIGN 6).
--
-- Bad values meet named constraints: the name says table and column, and gateway/central/values.py
-- gives the sentence for it. What only one row needs to know is a BEFORE trigger here; the to-do
-- list of the gates is made by the statement triggers of 0003.

CREATE SEQUENCE composteur.rev AS bigint CACHE 1;
COMMENT ON SEQUENCE composteur.rev IS
    'Rises with every change. A row takes its number while it is locked, so later is greater.';


-- Functions the constraints are made of. Immutable, and calling nothing but built-ins.

CREATE FUNCTION composteur.is_plain(value text, longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT octet_length(value) <= longest AND value !~ '[\u0001-\u001f\u007f-\u009f]' $$;

CREATE FUNCTION composteur.is_id(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT octet_length(value) BETWEEN 1 AND 60 AND value !~ '[\u0001-\u001f\u007f-\u009f]' $$;

-- GS (U+001D) is the one control character a code may hold: it separates the fields of GS1 codes.
CREATE FUNCTION composteur.is_code(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT octet_length(value) BETWEEN 1 AND 512
          AND value !~ '[\u0001-\u001c\u001e\u001f\u007f-\u009f]' $$;

CREATE FUNCTION composteur.is_space(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT value ~ '^[a-z0-9][a-z0-9-]{0,31}$' $$;

CREATE FUNCTION composteur.are_spaces(listed text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT cardinality(listed) BETWEEN 1 AND 64 AND array_ndims(listed) = 1 AND array_position(listed, NULL) IS NULL
          AND NOT EXISTS (SELECT FROM unnest(listed) AS s (id) WHERE s.id !~ '^[a-z0-9][a-z0-9-]{0,31}$') $$;

-- RFC 3339 with an offset: such a text names one instant whatever the session's time zone is, so
-- that reading it here is immutable.
CREATE FUNCTION composteur.instant(value text) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS
$$
BEGIN
    IF value !~ '^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.]\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)$' THEN
        RETURN NULL;
    END IF;
    RETURN value::timestamptz;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;

-- One window: {"session"} or {"from","until"} (one of them may be open), "spaces"?, "stamps"?.
CREATE FUNCTION composteur.is_window(w jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$
DECLARE
    name text;
    given jsonb;
BEGIN
    IF jsonb_typeof(w) IS DISTINCT FROM 'object' THEN
        RETURN false;
    END IF;
    FOR name, given IN SELECT * FROM jsonb_each(w) LOOP
        CASE name
        WHEN 'session' THEN
            IF jsonb_typeof(given) <> 'string' OR NOT composteur.is_id(given #>> '{}')
               OR w ? 'from' OR w ? 'until' THEN
                RETURN false;
            END IF;
        WHEN 'from', 'until' THEN
            IF jsonb_typeof(given) NOT IN ('string', 'null')
               OR (jsonb_typeof(given) = 'string' AND composteur.instant(given #>> '{}') IS NULL) THEN
                RETURN false;
            END IF;
        WHEN 'spaces' THEN
            IF jsonb_typeof(given) = 'array' THEN
                IF jsonb_array_length(given) NOT BETWEEN 1 AND 64
                   OR EXISTS (SELECT FROM jsonb_array_elements(given) AS e (space)
                               WHERE jsonb_typeof(e.space) <> 'string'
                                  OR NOT composteur.is_space(e.space #>> '{}')) THEN
                    RETURN false;
                END IF;
            ELSIF jsonb_typeof(given) <> 'null' THEN
                RETURN false;
            END IF;
        WHEN 'stamps' THEN
            IF jsonb_typeof(given) = 'number' THEN
                IF given #>> '{}' !~ '^[1-9]\d{0,5}$' THEN
                    RETURN false;
                END IF;
            ELSIF jsonb_typeof(given) <> 'null' THEN
                RETURN false;
            END IF;
        ELSE
            RETURN false;
        END CASE;
    END LOOP;
    IF NOT w ? 'session' AND NOT w ? 'from' AND NOT w ? 'until' THEN
        RETURN false;
    END IF;
    RETURN coalesce(composteur.instant(w ->> 'from') <= composteur.instant(w ->> 'until'), true);
END
$$;

CREATE FUNCTION composteur.are_windows(listed jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$
BEGIN
    RETURN jsonb_typeof(listed) = 'array'
       AND jsonb_array_length(listed) BETWEEN 1 AND 32
       AND NOT EXISTS (SELECT FROM jsonb_array_elements(listed) AS e (w)
                        WHERE NOT composteur.is_window(e.w));
END
$$;

-- The canonical reference (DESIGN 4): NFC without white space around it; a code of our own also in
-- upper case, without spaces and hyphens, and with the digits people mistake for letters set right.
-- gateway/tickets/codes.py does the same to what readers read.
CREATE FUNCTION composteur.canonical_code(code text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS
$$
DECLARE
    own text;
BEGIN
    IF code ~ '^[A-Z2-7]{13,26}$' THEN
        RETURN code;
    END IF;
    code := regexp_replace(
        normalize(code, NFC),
        '^[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+'
        '|[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+$',
        '', 'g');
    own := translate(upper(code), '018 -', 'OIB');
    RETURN CASE WHEN octet_length(code) = length(code) AND own ~ '^[A-Z2-7]{13,26}$' THEN own ELSE code END;
END
$$;


CREATE TABLE composteur.product (
    id                  text PRIMARY KEY,
    label               text NOT NULL DEFAULT '',
    kind                text,
    spaces              text[],
    margin_before_s     integer NOT NULL DEFAULT 0,
    margin_after_s      integer NOT NULL DEFAULT 0,
    margin_after_from   text NOT NULL DEFAULT 'end',
    max_stamps          integer DEFAULT 1,
    max_stamps_per_day  integer,
    min_interval_s      integer NOT NULL DEFAULT 0,
    valid_for_s         integer,
    reentry             text NOT NULL DEFAULT 'none',
    reentry_window_s    integer,
    allow_unpaid        boolean NOT NULL DEFAULT false,
    partial_groups      boolean NOT NULL DEFAULT false,
    attention           boolean NOT NULL DEFAULT false,
    blocked             boolean NOT NULL DEFAULT false,
    updated_at          timestamptz NOT NULL DEFAULT now(),
    rev                 bigint NOT NULL DEFAULT 0,
    CONSTRAINT product_id CHECK (composteur.is_id(id)),
    CONSTRAINT product_label CHECK (composteur.is_plain(label, 400)),
    CONSTRAINT product_kind CHECK (composteur.is_id(kind)),
    CONSTRAINT product_spaces CHECK (composteur.are_spaces(spaces)),
    CONSTRAINT product_margin_before_s CHECK (margin_before_s BETWEEN 0 AND 31622400),
    CONSTRAINT product_margin_after_s CHECK (margin_after_s BETWEEN 0 AND 31622400),
    CONSTRAINT product_margin_after_from CHECK (margin_after_from IN ('end', 'start')),
    CONSTRAINT product_max_stamps CHECK (max_stamps BETWEEN 1 AND 999999),
    CONSTRAINT product_max_stamps_per_day CHECK (max_stamps_per_day BETWEEN 1 AND 999999),
    CONSTRAINT product_min_interval_s CHECK (min_interval_s BETWEEN 0 AND 31622400),
    CONSTRAINT product_valid_for_s CHECK (valid_for_s BETWEEN 1 AND 315576000),
    CONSTRAINT product_reentry CHECK (reentry IN ('none', 'after_exit', 'free')),
    CONSTRAINT product_reentry_window_s CHECK (reentry_window_s BETWEEN 0 AND 315576000)
);
COMMENT ON TABLE composteur.product IS 'What was sold: its margins, allowance and rules apply to its tickets.';
COMMENT ON COLUMN composteur.product.max_stamps IS 'Stamps allowed in each window; null: unlimited.';

CREATE TABLE composteur.session (
    id          text PRIMARY KEY,
    product     text NOT NULL,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz,
    places      integer,
    label       text,
    host        text,
    space       text,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    rev         bigint NOT NULL DEFAULT 0,
    CONSTRAINT session_id CHECK (composteur.is_id(id)),
    CONSTRAINT session_product_known FOREIGN KEY (product) REFERENCES composteur.product DEFERRABLE,
    CONSTRAINT session_starts_at CHECK (isfinite(starts_at)),
    CONSTRAINT session_ends_at CHECK (ends_at >= starts_at AND isfinite(ends_at)),
    CONSTRAINT session_places CHECK (places BETWEEN 0 AND 9999999),
    CONSTRAINT session_label CHECK (composteur.is_plain(label, 400)),
    CONSTRAINT session_host CHECK (composteur.is_plain(host, 400)),
    CONSTRAINT session_space CHECK (composteur.is_space(space))
);
COMMENT ON TABLE composteur.session IS 'One dated slot of a product.';

CREATE TABLE composteur.ticket (
    code            text PRIMARY KEY,
    product         text NOT NULL,
    session         text,
    valid_from      timestamptz,
    valid_until     timestamptz,
    windows         jsonb,
    order_ref       text,
    ordered_at      timestamptz,
    payer           text,
    holder          text,
    audience        text NOT NULL DEFAULT 'individual',
    audience_label  text,
    persons         integer NOT NULL DEFAULT 1,
    spaces          text[],
    status          text NOT NULL DEFAULT 'active',
    hold_until      timestamptz,
    replaced_by     text,
    form_required   boolean NOT NULL DEFAULT false,
    form_signed     boolean NOT NULL DEFAULT false,
    attention       boolean NOT NULL DEFAULT false,
    destroyed_at    timestamptz,
    source          text NOT NULL DEFAULT 'own',
    updated_at      timestamptz NOT NULL DEFAULT now(),
    rev             bigint NOT NULL DEFAULT 0,
    CONSTRAINT ticket_code CHECK (composteur.is_code(code)),
    CONSTRAINT ticket_product_known FOREIGN KEY (product) REFERENCES composteur.product DEFERRABLE,
    CONSTRAINT ticket_session_known FOREIGN KEY (session) REFERENCES composteur.session DEFERRABLE,
    CONSTRAINT ticket_valid_from CHECK (isfinite(valid_from)),
    CONSTRAINT ticket_valid_until CHECK (valid_from <= valid_until AND isfinite(valid_until)),
    CONSTRAINT ticket_windows CHECK (windows IS NULL OR composteur.are_windows(windows)),
    CONSTRAINT ticket_order_ref CHECK (composteur.is_plain(order_ref, 200)),
    CONSTRAINT ticket_ordered_at CHECK (isfinite(ordered_at)),
    CONSTRAINT ticket_payer CHECK (composteur.is_plain(payer, 400)),
    CONSTRAINT ticket_holder CHECK (composteur.is_plain(holder, 400)),
    CONSTRAINT ticket_audience CHECK (audience IN ('individual', 'group')),
    CONSTRAINT ticket_audience_label CHECK (composteur.is_plain(audience_label, 400)),
    CONSTRAINT ticket_persons CHECK (persons BETWEEN 1 AND 9999),
    CONSTRAINT ticket_spaces CHECK (composteur.are_spaces(spaces)),
    CONSTRAINT ticket_status CHECK (status IN ('active', 'unpaid', 'on_hold', 'cancelled', 'replaced', 'blocked')),
    CONSTRAINT ticket_hold_until CHECK (isfinite(hold_until)),
    CONSTRAINT ticket_replaced_by CHECK (composteur.is_code(replaced_by) AND replaced_by <> code),
    CONSTRAINT ticket_destroyed_at CHECK (isfinite(destroyed_at)),
    CONSTRAINT ticket_source CHECK (composteur.is_id(source))
);
COMMENT ON TABLE composteur.ticket IS 'What a visitor presents, as the seller wrote it. Stamps are in ticket_state.';

CREATE INDEX ticket_by_order ON composteur.ticket (order_ref) WHERE order_ref IS NOT NULL;
-- Any word of a name, or its beginning, whatever the order of names.
CREATE INDEX ticket_by_holder ON composteur.ticket USING gin (to_tsvector('simple', holder))
    WITH (fastupdate = on) WHERE holder IS NOT NULL;
CREATE INDEX ticket_by_session ON composteur.ticket (session) WHERE session IS NOT NULL;
CREATE INDEX session_by_product ON composteur.session (product, starts_at);


-- Row triggers. A row that does not really change keeps its `updated_at` and `rev`, and so reaches
-- no to-do list: sellers who write their whole catalogue every night cost nothing at the gates.

CREATE FUNCTION composteur.product_written() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.id <> OLD.id THEN
            RAISE integrity_constraint_violation USING
                MESSAGE = 'a product keeps its id', CONSTRAINT = 'product_id_fixed',
                SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'id';
        END IF;
        NEW.updated_at := OLD.updated_at;
        NEW.rev := OLD.rev;
        IF NEW IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    NEW.updated_at := now();
    NEW.rev := nextval('composteur.rev');
    RETURN NEW;
END
$$;

CREATE FUNCTION composteur.session_written() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.id <> OLD.id THEN
            RAISE integrity_constraint_violation USING
                MESSAGE = 'a session keeps its id', CONSTRAINT = 'session_id_fixed',
                SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'id';
        END IF;
        NEW.updated_at := OLD.updated_at;
        NEW.rev := OLD.rev;
        IF NEW IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    NEW.updated_at := now();
    NEW.rev := nextval('composteur.rev');
    RETURN NEW;
END
$$;

CREATE FUNCTION composteur.ticket_written() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    IF NEW.replaced_by IS NOT NULL THEN
        NEW.replaced_by := composteur.canonical_code(NEW.replaced_by);
    END IF;
    IF NEW.code !~ '^[A-Z2-7]{13,26}$' THEN
        NEW.code := composteur.canonical_code(NEW.code);
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF NEW.code <> OLD.code THEN
            RAISE integrity_constraint_violation USING
                MESSAGE = 'a ticket keeps its code; a new code is a new ticket',
                CONSTRAINT = 'ticket_code_fixed',
                SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'code';
        END IF;
        IF OLD.destroyed_at IS NOT NULL THEN
            NEW.destroyed_at := OLD.destroyed_at;
        END IF;
        NEW.updated_at := OLD.updated_at;
        NEW.rev := OLD.rev;
        IF NEW IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    NEW.updated_at := now();
    NEW.rev := nextval('composteur.rev');
    RETURN NEW;
END
$$;

CREATE TRIGGER written BEFORE INSERT OR UPDATE ON composteur.product
    FOR EACH ROW EXECUTE FUNCTION composteur.product_written();
CREATE TRIGGER written BEFORE INSERT OR UPDATE ON composteur.session
    FOR EACH ROW EXECUTE FUNCTION composteur.session_written();
CREATE TRIGGER written BEFORE INSERT OR UPDATE ON composteur.ticket
    FOR EACH ROW EXECUTE FUNCTION composteur.ticket_written();
