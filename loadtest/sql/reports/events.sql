-- The events of a day, in order: seven in eight come in and go out again, five thousand scans are
-- refused, and a few thousand persons are counted without a ticket.
INSERT INTO composteur.scan_event (event_id, at, site, kind, ticket_code, product, session, space, reader, operator,
                                   direction, decision, reason, persons, audience, counted_persons, counted_stamps,
                                   offline, degraded)
SELECT '9-' || $1::integer || '-' || row_number() OVER (ORDER BY at), at, 'loadtest', kind, code, product, session, space,
       reader, operator, direction, decision, reason, persons, audience,
       CASE WHEN decision = 'denied' THEN 0 ELSE persons END, stamps, false, false
  FROM (SELECT t.starts_at + make_interval(secs => t.number * 7919 % 3000) + away.after AS at, 'scan' AS kind,
               'RPT' || lpad(t.number::text, 9, '0') AS code, 'report-' || t.place % 5 AS product,
               'report-' || $1::integer || '-' || t.place AS session, 'hall' AS space,
               'gate-' || t.number % 8 AS reader,
               CASE WHEN t.number % 8 = 1 THEN 'anna' WHEN t.number % 8 = 2 THEN 'ben' END AS operator, away.direction,
               'granted' AS decision, NULL AS reason,
               CASE WHEN t.number % 10 = 0 THEN 10 + t.number / 10 % 20 ELSE 1 END AS persons,
               CASE WHEN t.number % 10 = 0 THEN 'group' ELSE 'individual' END AS audience, away.stamps
          FROM (SELECT $1::bigint * 10000 + n AS number, (n / 1000)::integer AS place,
                       ($2::date + make_interval(hours => 9 + (n / 1000)::integer)) AT TIME ZONE 'Europe/Paris' AS starts_at
                  FROM generate_series(0, 9999) AS n) AS t,
               (VALUES ('entry', interval '0', 1), ('exit', interval '40 minutes', 0)) AS away (direction, after, stamps)
         WHERE t.number % 8 <> 7 AND t.number % 50 <> 2
        UNION ALL
        SELECT opens_at + make_interval(secs => n * 7.1), 'scan', NULL, 'report-' || n % 5, NULL, 'hall',
               'gate-' || n % 8, NULL, 'entry', 'denied',
               (ARRAY['too_early', 'no_stamps_left', 'wrong_space', 'unknown_ticket'])[n % 4 + 1], 1, 'individual', 0
          FROM generate_series(0, 4999) AS n, LATERAL (SELECT ($2::date + time '09:00') AT TIME ZONE 'Europe/Paris' AS opens_at) AS s
        UNION ALL
        SELECT opens_at + make_interval(secs => n * 12.5), 'count', NULL, NULL, NULL, 'garden', 'gate-8', 'carla',
               CASE WHEN n % 2 = 0 THEN 'entry' ELSE 'exit' END, NULL, NULL, 1 + n % 3, NULL, 0
          FROM generate_series(0, 2849) AS n, LATERAL (SELECT ($2::date + time '09:00') AT TIME ZONE 'Europe/Paris' AS opens_at) AS s
       ) AS happened (at, kind, code, product, session, space, reader, operator, direction, decision, reason, persons,
                      audience, stamps)
 ORDER BY at
