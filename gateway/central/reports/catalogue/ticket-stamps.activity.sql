-- with: vouchers, changed, booked
-- What the list adds up to, from the figures of sessions; tickets without a session, or with several
-- windows, are read themselves.
SELECT coalesce(sum(tickets), 0)::bigint AS tickets, coalesce(sum(persons), 0)::bigint AS persons,
       coalesce(sum(stamps), 0)::bigint AS stamps, coalesce(sum(admitted), 0)::bigint AS admitted
  FROM (SELECT tickets, persons, stamps, admitted, source, status, flagged, stamped FROM asked WHERE NOT voucher
        UNION ALL
        SELECT 1, t.persons, coalesce(g.made, 0),
               coalesce((SELECT sum(n) FROM unnest(g.persons_by_window) AS n), 0), t.source,
               CASE WHEN t.status = 'on_hold' AND t.hold_until <= :now::timestamptz THEN 'cancelled'
                    ELSE t.status END,
               t.attention OR p.attention, coalesce(g.made, 0) > 0
          FROM (SELECT * FROM composteur.ticket
                 WHERE session IS NULL AND windows IS NULL AND :session::text[] IS NULL
                   AND (valid_until >= :from::timestamptz OR valid_until IS NULL)
                   AND (valid_from < :to::timestamptz OR valid_from IS NULL)
                UNION ALL
                SELECT * FROM voucher) AS t
          JOIN composteur.product p ON p.id = t.product
          LEFT JOIN composteur.ticket_state g ON g.code = t.code
         WHERE (:product::text[] IS NULL OR t.product = ANY(:product::text[]))
           AND (:audience::text[] IS NULL OR t.audience = ANY(:audience::text[]))) AS listed
 WHERE (:source::text[] IS NULL OR source = ANY(:source::text[]))
   AND (:status::text[] IS NULL OR status = ANY(:status::text[]))
   AND (:stamped::text IS NULL OR stamped = (:stamped::text = 'yes'))
   AND (:attention::text IS NULL OR flagged = (:attention::text = 'yes'))
   AND (:expected::text IS NULL OR (status NOT IN ('cancelled', 'replaced')) = (:expected::text = 'yes'))
   AND (:payment::text IS NULL
        OR CASE :payment::text WHEN 'unpaid' THEN status IN ('unpaid', 'on_hold')
                               ELSE status IN ('active', 'blocked') END)
