-- with: counted
SELECT CASE WHEN 'day' = ANY(:by::text[]) OR 'hour' = ANY(:by::text[]) THEN day END AS day,
       CASE WHEN 'hour' = ANY(:by::text[]) THEN hour END AS hour,
       space,
       CASE WHEN 'product' = ANY(:by::text[]) THEN product END AS product,
       CASE WHEN 'audience' = ANY(:by::text[]) THEN audience END AS audience,
       CASE WHEN 'reader' = ANY(:by::text[]) THEN reader END AS reader,
       coalesce(sum(persons) FILTER (WHERE direction = 'entry'), 0) AS entries,
       coalesce(sum(persons) FILTER (WHERE direction = 'exit'), 0) AS exits,
       sum(stamps) AS stamps
  FROM asked
 GROUP BY 1, 2, 3, 4, 5, 6
 ORDER BY 1, 2, 3, 4, 5, 6
