-- with: refused
SELECT CASE WHEN 'day' = ANY(:by::text[]) OR 'hour' = ANY(:by::text[]) THEN (hour AT TIME ZONE :zone)::date END AS day,
       CASE WHEN 'hour' = ANY(:by::text[]) THEN hour END AS hour,
       reader, reason,
       CASE WHEN 'space' = ANY(:by::text[]) THEN space END AS space,
       CASE WHEN 'product' = ANY(:by::text[]) THEN product END AS product,
       sum(refusals) AS refusals
  FROM asked
 GROUP BY 1, 2, 3, 4, 5, 6
 ORDER BY 1, 2, 3, 4, 5, 6
