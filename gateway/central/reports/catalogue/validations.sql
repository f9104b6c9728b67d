-- with: counted
SELECT a.product, p.label AS product_label, a.reader, a.operator,
       sum(a.stamps) AS stamps,
       coalesce(sum(a.persons) FILTER (WHERE a.direction = 'entry'), 0) AS entries
  FROM asked a LEFT JOIN composteur.product p ON p.id = a.product
 WHERE a.reader <> '' AND (:operator::text[] IS NULL OR a.operator = ANY(:operator::text[]))
 GROUP BY a.product, p.label, a.reader, a.operator
HAVING sum(a.stamps) <> 0 OR coalesce(sum(a.persons) FILTER (WHERE a.direction = 'entry'), 0) <> 0
 ORDER BY a.product, a.reader, a.operator
