-- with: changed, booked
SELECT s.id AS session, s.label, s.product, p.label AS product_label, s.space, s.starts_at, s.ends_at,
       coalesce(f.tickets, 0) AS tickets, coalesce(f.expected, 0) AS expected, coalesce(f.come, 0) AS come,
       coalesce(f.expected - f.come, 0) AS missing, coalesce(f.unpaid, 0) AS unpaid,
       coalesce(f.attention, 0) AS attention
  FROM period s JOIN composteur.product p ON p.id = s.product
  LEFT JOIN (SELECT session, sum(tickets) AS tickets, sum(persons) AS expected, sum(come) AS come,
                    sum(persons) FILTER (WHERE status IN ('unpaid', 'on_hold')) AS unpaid,
                    sum(persons) FILTER (WHERE flagged) AS attention
               FROM asked WHERE expected GROUP BY session) AS f ON f.session = s.id
 WHERE f.session IS NOT NULL
    OR (:reader::text[] IS NULL AND :audience::text[] IS NULL
        AND (:product::text[] IS NULL OR s.product = ANY(:product::text[])))
 ORDER BY s.starts_at, s.id
