-- Events summed up by hour and by local day, once the hours are over, for the reports.

-- name: marks
-- How far a site is rolled up. The streamer's transactions lock the same row: neither sees half of
-- what the other does.
SELECT hours_until, days_until, rolled_zone FROM composteur.site WHERE id = $1 FOR NO KEY UPDATE

-- name: first_hour
-- Where to begin: the local day of the oldest event that is there.
SELECT date_trunc('day', min(at), $2) FROM composteur.scan_event WHERE site = $1

-- name: forget_hours
DELETE FROM composteur.attendance_hour WHERE site = $1 AND hour >= $2

-- name: forget_days
DELETE FROM composteur.attendance_day WHERE site = $1 AND day >= $2

-- name: forget_refusals
DELETE FROM composteur.refusal_hour WHERE site = $1 AND hour >= $2

-- name: begin
UPDATE composteur.site
   SET hours_until = $2, days_until = ($2::timestamptz AT TIME ZONE $3::text)::date, rolled_zone = $3
 WHERE id = $1

-- name: hours
-- Add the events of a span. What they touch of sessions counted already is to be counted again.
WITH span AS MATERIALIZED (
    SELECT * FROM composteur.tallied WHERE site = $1 AND at >= $2 AND at < $3
), hours AS (
    INSERT INTO composteur.attendance_hour
           (hour, persons, stamps, site, space, product, direction, audience, reader, operator)
    SELECT date_trunc('hour', at, $4), sum(persons), sum(stamps), $1, space, product, direction,
           audience, reader, operator
      FROM span WHERE persons <> 0 OR stamps <> 0 GROUP BY 1, 5, 6, 7, 8, 9, 10
), refusals AS (
    INSERT INTO composteur.refusal_hour
           (hour, refusals, site, space, product, direction, audience, reader, reason)
    SELECT date_trunc('hour', at, $4), count(*), $1, space, product, direction, audience, reader, reason
      FROM span WHERE refused GROUP BY 1, 4, 5, 6, 7, 8, 9
), touched AS (
    INSERT INTO composteur.session_touched (session)
    SELECT session FROM composteur.session_counted
     WHERE session IN (SELECT session FROM span WHERE session IS NOT NULL)
)
UPDATE composteur.site SET hours_until = $3 WHERE id = $1

-- name: count
SELECT count(*) FROM composteur.scan_event WHERE site = $1 AND at >= $2 AND at < $3

-- name: days
-- Add the local days from one to before another, all of whose hours are there.
WITH days AS (
    INSERT INTO composteur.attendance_day
           (day, persons, stamps, site, space, product, direction, audience, reader, operator)
    SELECT (hour AT TIME ZONE $4::text)::date, sum(persons), sum(stamps), $1, space, product, direction,
           audience, reader, operator
      FROM composteur.attendance_hour
     WHERE site = $1 AND hour >= $2::date::timestamp AT TIME ZONE $4::text
       AND hour < $3::date::timestamp AT TIME ZONE $4::text
     GROUP BY 1, 5, 6, 7, 8, 9, 10
)
UPDATE composteur.site SET days_until = $3 WHERE id = $1

-- name: late
-- Add what is staged (streamer.sql) and lies in hours that are rolled up already. Where the store's
-- view of a session's tickets has changed, that session is to be counted again.
WITH late AS MATERIALIZED (
    SELECT t.* FROM staged_event s
      JOIN composteur.tallied t ON t.event_id = s.event_id AND t.at = to_timestamp(s.at / 1000::float8)
     WHERE t.at < $2
), hours AS (
    INSERT INTO composteur.attendance_hour
           (hour, persons, stamps, site, space, product, direction, audience, reader, operator)
    SELECT date_trunc('hour', at, $3), sum(persons), sum(stamps), $1, space, product, direction,
           audience, reader, operator
      FROM late WHERE persons <> 0 OR stamps <> 0 GROUP BY 1, 5, 6, 7, 8, 9, 10
), days AS (
    INSERT INTO composteur.attendance_day
           (day, persons, stamps, site, space, product, direction, audience, reader, operator)
    SELECT (at AT TIME ZONE $3::text)::date, sum(persons), sum(stamps), $1, space, product, direction,
           audience, reader, operator
      FROM late
     WHERE (persons <> 0 OR stamps <> 0)
       AND (at AT TIME ZONE $3::text)::date < (SELECT days_until FROM composteur.site WHERE id = $1)
     GROUP BY 1, 5, 6, 7, 8, 9, 10
), refusals AS (
    INSERT INTO composteur.refusal_hour
           (hour, refusals, site, space, product, direction, audience, reader, reason)
    SELECT date_trunc('hour', at, $3), count(*), $1, space, product, direction, audience, reader, reason
      FROM late WHERE refused GROUP BY 1, 4, 5, 6, 7, 8, 9
)
INSERT INTO composteur.session_touched (session)
SELECT session FROM composteur.session_counted
 WHERE session IN (SELECT session FROM late WHERE session IS NOT NULL)

-- name: lock_sites
-- Sessions are of all sites: one counts at a time, and nobody's events come in between.
SELECT id FROM composteur.site ORDER BY id FOR NO KEY UPDATE

-- name: touched
-- Forget the figures of sessions that were touched.
WITH touched AS (DELETE FROM composteur.session_touched RETURNING session),
     uncounted AS (DELETE FROM composteur.session_counted c USING touched t WHERE c.session = t.session),
     orders AS (DELETE FROM composteur.order_figure o WHERE o.session IN (SELECT session FROM touched))
DELETE FROM composteur.session_figure f WHERE f.session IN (SELECT session FROM touched)

-- name: uncounted
-- Sessions whose figures may be kept: begun and left alone for a day, before the given instant.
SELECT s.id FROM composteur.session s
 WHERE s.starts_at < $1::timestamptz - interval '1 day' AND s.updated_at < $1::timestamptz - interval '1 day'
   AND NOT EXISTS (SELECT FROM composteur.session_counted c WHERE c.session = s.id)
 ORDER BY s.starts_at LIMIT $2

-- name: count_sessions
WITH counted AS (
    INSERT INTO composteur.session_counted (session, zone) SELECT unnest($1::text[]), $2
        ON CONFLICT (session) DO NOTHING
), booked AS MATERIALIZED (
    SELECT * FROM composteur.booking WHERE session = ANY($1::text[])
), orders AS (
    INSERT INTO composteur.order_figure
           (session, ordered_on, tickets, persons, stamps, admitted, stamped, attention, product, audience,
            source, status)
    SELECT session, (ordered_at AT TIME ZONE $2::text)::date, count(*), sum(persons), sum(stamps), sum(admitted),
           stamps > 0, attention, product, audience, source, status
      FROM booked WHERE ordered_at IS NOT NULL AND NOT voucher
     GROUP BY 1, 2, 7, 8, 9, 10, 11, 12
)
INSERT INTO composteur.session_figure
       (session, tickets, persons, come, admitted, stamps, stamped, attention, voucher, product, audience,
        source, status)
SELECT session, count(*), sum(persons), sum(come), sum(admitted), sum(stamps), stamps > 0, attention, voucher,
       product, audience, source, status
  FROM booked
 GROUP BY 1, 7, 8, 9, 10, 11, 12, 13

-- name: look_again
ANALYZE composteur.session_counted, composteur.session_figure, composteur.order_figure

-- name: until
-- How far a site is rolled up, for those who read in a time zone; not at all, or in another one:
-- until before anything happened.
SELECT CASE WHEN rolled_zone = $2 THEN greatest(hours_until, 'epoch') ELSE 'epoch' END AS hours_until,
       CASE WHEN rolled_zone = $2 THEN greatest(days_until, 'epoch') ELSE 'epoch' END AS days_until
  FROM composteur.site WHERE id = $1
