-- with: counted
SELECT a.space, a.product, p.label AS product_label, a.reader,
       coalesce(sum(a.persons) FILTER (WHERE a.direction = 'entry'), 0) AS entries,
       coalesce(sum(a.persons) FILTER (WHERE a.direction = 'exit'), 0) AS exits,
       sum(a.stamps) AS stamps
  FROM asked a LEFT JOIN composteur.product p ON p.id = a.product
 WHERE a.audience = 'group'
 GROUP BY a.space, a.product, p.label, a.reader
 ORDER BY a.space, a.product, a.reader
