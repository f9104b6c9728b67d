-- with: vouchers, changed, booked
-- Tickets of several windows count at their windows' sessions in other lists; here each ticket once.
SELECT t.source, t.product, p.label AS product_label,
       sum(t.tickets) AS tickets, sum(t.persons) AS persons,
       coalesce(sum(t.tickets) FILTER (WHERE NOT t.expected), 0) AS cancelled,
       coalesce(sum(t.tickets) FILTER (WHERE t.stamped), 0) AS stamped,
       coalesce(sum(t.tickets) FILTER (WHERE t.expected AND NOT t.stamped), 0) AS unstamped,
       sum(t.stamps) AS stamps
  FROM (SELECT source, product, tickets, persons, expected, stamped, stamps
          FROM asked WHERE NOT voucher AND source <> 'own'
        UNION ALL
        SELECT t.source, t.product, 1, t.persons,
               t.status NOT IN ('cancelled', 'replaced')
               AND NOT (t.status = 'on_hold' AND coalesce(t.hold_until <= :now::timestamptz, false)),
               coalesce(g.made, 0) > 0, coalesce(g.made, 0)
          FROM (SELECT * FROM voucher
                UNION ALL
                SELECT * FROM composteur.ticket
                 WHERE session IS NULL AND windows IS NULL
                   AND (valid_until >= :from::timestamptz OR valid_until IS NULL)
                   AND (valid_from < :to::timestamptz OR valid_from IS NULL)) AS t
          LEFT JOIN composteur.ticket_state g ON g.code = t.code
         WHERE t.source <> 'own'
           AND :session::text[] IS NULL
           AND (:space::text[] IS NULL OR t.spaces && :space::text[])
           AND (:product::text[] IS NULL OR t.product = ANY(:product::text[]))
           AND (:audience::text[] IS NULL OR t.audience = ANY(:audience::text[]))
           AND (:reader::text[] IS NULL OR g.last_reader = ANY(:reader::text[]))) AS t
  JOIN composteur.product p ON p.id = t.product
 WHERE :source::text[] IS NULL OR t.source = ANY(:source::text[])
 GROUP BY t.source, t.product, p.label
 ORDER BY t.source, t.product
