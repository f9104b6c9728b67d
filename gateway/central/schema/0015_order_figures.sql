-- Figures of sessions that are over by the local day on which their tickets were ordered: what a list
-- of orders adds up to, without reading the tickets. Sessions counted already are counted again.

CREATE TABLE composteur.order_figure (
    session     text NOT NULL,
    ordered_on  date NOT NULL,
    tickets     integer NOT NULL,
    persons     integer NOT NULL,
    stamps      integer NOT NULL,
    admitted    bigint NOT NULL,
    stamped     boolean NOT NULL,
    attention   boolean NOT NULL,
    product     text NOT NULL,
    audience    text NOT NULL,
    source      text NOT NULL,
    status      text NOT NULL
);
CREATE INDEX order_figure_by_session ON composteur.order_figure (session);
CREATE INDEX order_figure_by_day ON composteur.order_figure (ordered_on);
COMMENT ON TABLE composteur.order_figure IS 'Tickets of one session and no other; the rows of one key add up.';

ALTER TABLE composteur.session_counted ADD COLUMN zone text NOT NULL DEFAULT '';
COMMENT ON COLUMN composteur.session_counted.zone IS 'The time zone whose days stand in order_figure.';
INSERT INTO composteur.session_touched (session) SELECT session FROM composteur.session_counted;

CREATE OR REPLACE VIEW composteur.booking AS
SELECT p.session, p.n, p.voucher, p.code, p.product, p.audience, p.source, p.persons, p.attention,
       CASE WHEN p.status = 'on_hold' AND p.hold_until <= now() THEN 'cancelled' ELSE p.status END AS status,
       least(coalesce(s.persons_by_window[p.n], 0), p.persons) AS come,
       coalesce(s.made_by_window[p.n], 0) AS stamps,
       s.first_at, s.last_at, s.last_reader,
       coalesce((SELECT sum(n) FROM unnest(s.persons_by_window) AS n), 0) AS admitted,
       p.ordered_at
  FROM (SELECT t.session, 1 AS n, false AS voucher, t.code, t.product, t.audience, t.source, t.persons,
               t.attention, t.status, t.hold_until, t.ordered_at
          FROM composteur.ticket t WHERE t.session IS NOT NULL AND t.windows IS NULL
        UNION ALL
        SELECT w.value ->> 'session', w.n::integer, true, t.code, t.product, t.audience, t.source,
               t.persons, t.attention, t.status, t.hold_until, t.ordered_at
          FROM composteur.ticket t
         CROSS JOIN LATERAL jsonb_array_elements(t.windows) WITH ORDINALITY AS w (value, n)
         WHERE t.windows IS NOT NULL AND w.value ? 'session') AS p
  LEFT JOIN composteur.ticket_state s ON s.code = p.code;
