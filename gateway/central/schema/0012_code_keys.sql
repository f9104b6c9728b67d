-- The keys that codes are made and checked with (docs/codes.md). The secrets are here as they are: whoever
-- reads this table can make codes, so that sellers are not given it.

CREATE TABLE composteur.code_key (
    site        text NOT NULL,
    id          integer NOT NULL,
    kind        text NOT NULL,
    secret      bytea NOT NULL,
    public      bytea NOT NULL DEFAULT '',
    label       text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    active_at   timestamptz,
    retires_at  timestamptz,
    revoked_at  timestamptz,
    PRIMARY KEY (site, id),
    CONSTRAINT code_key_id CHECK (id BETWEEN 1 AND 65535),
    CONSTRAINT code_key_kind CHECK (kind IN ('mac', 'ed25519', 'rotating')),
    CONSTRAINT code_key_secret CHECK (length(secret) = 32),
    CONSTRAINT code_key_public CHECK (length(public) = CASE kind WHEN 'ed25519' THEN 32 ELSE 0 END),
    CONSTRAINT code_key_label CHECK (length(label) <= 60)
);
COMMENT ON TABLE composteur.code_key IS 'Keys of signed and rotating codes; an id is never given twice.';
COMMENT ON COLUMN composteur.code_key.active_at IS 'Since when codes are made with it; null: known to the gates only.';
COMMENT ON COLUMN composteur.code_key.retires_at IS 'Until when its codes hold; null: for as long as it is not revoked.';
