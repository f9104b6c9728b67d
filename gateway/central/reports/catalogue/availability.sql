-- with: changed, booked
SELECT s.id AS session, s.label, s.product, p.label AS product_label, s.space, s.starts_at, s.places,
       coalesce(f.sold, 0) AS sold, s.places - coalesce(f.sold, 0) AS free, coalesce(f.stamped, 0) AS stamped,
       round(coalesce(f.sold, 0)::numeric / nullif(s.places, 0), 4)::float8 AS fill_rate,
       round(coalesce(f.stamped, 0)::numeric / nullif(s.places, 0), 4)::float8 AS stamped_rate
  FROM period s JOIN composteur.product p ON p.id = s.product
  LEFT JOIN (SELECT session, sum(persons) AS sold, sum(come) AS stamped
               FROM asked WHERE expected GROUP BY session) AS f ON f.session = s.id
 WHERE f.session IS NOT NULL
    OR (:reader::text[] IS NULL AND :audience::text[] IS NULL
        AND (:product::text[] IS NULL OR s.product = ANY(:product::text[])))
 ORDER BY s.starts_at, s.id
