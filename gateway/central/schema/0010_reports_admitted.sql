-- Persons admitted, all of them, beside those who came of those expected: what a list of tickets adds
-- up to, without reading the tickets. Sessions counted already are counted again.

ALTER TABLE composteur.session_figure ADD COLUMN admitted bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN composteur.session_figure.admitted IS 'Persons admitted on these tickets, at whatever stamp.';
INSERT INTO composteur.session_touched (session) SELECT session FROM composteur.session_counted;

CREATE OR REPLACE VIEW composteur.booking AS
SELECT p.session, p.n, p.voucher, p.code, p.product, p.audience, p.source, p.persons, p.attention,
       CASE WHEN p.status = 'on_hold' AND p.hold_until <= now() THEN 'cancelled' ELSE p.status END AS status,
       least(coalesce(s.persons_by_window[p.n], 0), p.persons) AS come,
       coalesce(s.made_by_window[p.n], 0) AS stamps,
       s.first_at, s.last_at, s.last_reader,
       coalesce((SELECT sum(n) FROM unnest(s.persons_by_window) AS n), 0) AS admitted
  FROM (SELECT t.session, 1 AS n, false AS voucher, t.code, t.product, t.audience, t.source, t.persons,
               t.attention, t.status, t.hold_until
          FROM composteur.ticket t WHERE t.session IS NOT NULL AND t.windows IS NULL
        UNION ALL
        SELECT w.value ->> 'session', w.n::integer, true, t.code, t.product, t.audience, t.source,
               t.persons, t.attention, t.status, t.hold_until
          FROM composteur.ticket t
         CROSS JOIN LATERAL jsonb_array_elements(t.windows) WITH ORDINALITY AS w (value, n)
         WHERE t.windows IS NOT NULL AND w.value ? 'session') AS p
  LEFT JOIN composteur.ticket_state s ON s.code = p.code;
