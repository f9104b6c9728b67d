-- The attendance of a day, by minute.
INSERT INTO composteur.attendance (minute, site, space, product, audience, reader, direction, persons, stamps)
SELECT date_trunc('minute', at, 'UTC'), site, space, coalesce(product, ''), coalesce(audience, ''), reader, direction,
       sum(counted_persons), sum(counted_stamps)
  FROM composteur.scan_event
 WHERE at >= $2::date::timestamp AT TIME ZONE 'Europe/Paris'
   AND at < ($2::date + 1)::timestamp AT TIME ZONE 'Europe/Paris'
   AND event_id LIKE '9-' || $1::integer || '-%' AND (counted_persons <> 0 OR counted_stamps <> 0)
 GROUP BY 1, 2, 3, 4, 5, 6, 7
