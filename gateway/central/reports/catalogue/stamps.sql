-- with: counted
SELECT a.product, p.label AS product_label, sum(a.stamps) AS stamps,
       coalesce(sum(a.persons) FILTER (WHERE a.direction = 'entry'), 0) AS entries
  FROM asked a LEFT JOIN composteur.product p ON p.id = a.product
 WHERE a.product <> ''
 GROUP BY a.product, p.label
 ORDER BY a.product
