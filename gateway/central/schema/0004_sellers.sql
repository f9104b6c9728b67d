-- What a seller may do. A login of yours becomes a seller with: GRANT composteur_seller TO its_name.
--
-- Roles belong to the whole cluster: another database, or an administrator, may have made this one
-- already, and the gateway's own role may not be allowed to. Then a notice says what is to be done.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'composteur_seller') THEN
        BEGIN
            CREATE ROLE composteur_seller NOLOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of this cluster was faster
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'composteur_seller is missing and this role may not create it: '
                    'CREATE ROLE composteur_seller NOLOGIN; then SELECT composteur.grant_to_sellers()';
        END;
    END IF;
END
$$;

CREATE FUNCTION composteur.grant_to_sellers() RETURNS void
LANGUAGE plpgsql SET search_path = composteur, pg_temp AS
$$
BEGIN
    GRANT USAGE ON SCHEMA composteur TO composteur_seller;
    GRANT SELECT, INSERT, UPDATE, DELETE ON composteur.product, composteur.session, composteur.ticket
        TO composteur_seller;
    GRANT SELECT ON composteur.ticket_state, composteur.ticket_window, composteur.scan_event,
        composteur.attendance TO composteur_seller;
    GRANT USAGE ON SEQUENCE composteur.rev TO composteur_seller;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'composteur_seller') THEN
        PERFORM composteur.grant_to_sellers();
    END IF;
END
$$;
REVOKE EXECUTE ON FUNCTION composteur.grant_to_sellers(), composteur.make_scan_event_partition(timestamptz) FROM PUBLIC;
