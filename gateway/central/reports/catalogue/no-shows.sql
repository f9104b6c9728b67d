-- with: changed, booked
SELECT s.starts_at AS at, f.session, s.label, f.product, p.label AS product_label, f.tickets, f.unstamped,
       f.expected, f.come, f.expected - f.come AS no_shows,
       round((f.expected - f.come)::numeric / nullif(f.expected, 0), 4)::float8 AS no_show_rate
  FROM (SELECT session, product, sum(tickets) AS tickets,
               coalesce(sum(tickets) FILTER (WHERE NOT stamped), 0) AS unstamped,
               sum(persons) AS expected, sum(come) AS come
          FROM asked WHERE expected GROUP BY session, product) AS f
  JOIN period s ON s.id = f.session
  JOIN composteur.product p ON p.id = f.product
 WHERE coalesce(s.ends_at, s.starts_at) <= :now::timestamptz
UNION ALL
SELECT NULL, NULL, NULL, t.product, t.label, t.tickets, t.unstamped, t.expected, t.come,
       t.expected - t.come, round((t.expected - t.come)::numeric / nullif(t.expected, 0), 4)::float8
  FROM (SELECT t.product, p.label, count(*) AS tickets,
               count(*) FILTER (WHERE coalesce(g.made, 0) = 0) AS unstamped, sum(t.persons) AS expected,
               sum(least(coalesce(g.persons_by_window[1], 0), t.persons)) AS come
          FROM composteur.ticket t
          JOIN composteur.product p ON p.id = t.product
          LEFT JOIN composteur.ticket_state g ON g.code = t.code
         WHERE t.session IS NULL AND t.windows IS NULL AND t.status NOT IN ('cancelled', 'replaced')
           AND NOT (t.status = 'on_hold' AND coalesce(t.hold_until <= :now::timestamptz, false))
           AND t.valid_until >= :from::timestamptz
           AND t.valid_until < least(:to::timestamptz, :now::timestamptz)
           AND :session::text[] IS NULL
           AND (:space::text[] IS NULL OR t.spaces && :space::text[])
           AND (:product::text[] IS NULL OR t.product = ANY(:product::text[]))
           AND (:audience::text[] IS NULL OR t.audience = ANY(:audience::text[]))
           AND (:reader::text[] IS NULL OR g.last_reader = ANY(:reader::text[]))
         GROUP BY t.product, p.label) AS t
 ORDER BY 1, 2, 4
