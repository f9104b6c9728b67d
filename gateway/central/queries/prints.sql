-- Tickets to be printed.

-- name: tickets
-- Those that may be used, by code, with when each may be stamped: of an order, a product, a session, or
-- a list of codes.
SELECT t.code, p.label, t.persons,
       coalesce((SELECT array_agg(w.valid_from ORDER BY w.n) FROM composteur.ticket_window w WHERE w.code = t.code),
                '{}') AS starts,
       coalesce((SELECT array_agg(w.valid_until ORDER BY w.n) FROM composteur.ticket_window w WHERE w.code = t.code),
                '{}') AS ends
  FROM composteur.ticket t JOIN composteur.product p ON p.id = t.product
 WHERE t.status IN ('active', 'unpaid', 'on_hold') AND t.destroyed_at IS NULL
   AND t.code > $1
   AND ($2::text IS NULL OR t.order_ref = $2)
   AND ($3::text IS NULL OR t.product = $3)
   AND ($4::text IS NULL OR t.session = $4
        OR EXISTS (SELECT FROM jsonb_array_elements(t.windows) AS e WHERE e ->> 'session' = $4))
   AND ($5::text[] IS NULL OR t.code = ANY ($5))
 ORDER BY t.code LIMIT $6
