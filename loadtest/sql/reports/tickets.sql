-- The ten thousand tickets of a day: of its sessions but for a few that are undated or good for two
-- sessions; one in ten for a group, one in four sold by others, some unpaid or cancelled.
INSERT INTO composteur.ticket (code, product, session, valid_until, windows, order_ref, ordered_at, holder, audience,
                               persons, status, source, attention, updated_at)
SELECT 'RPT' || lpad(number::text, 9, '0'), 'report-' || place % 5,
       CASE WHEN number % 200 NOT IN (3, 5) THEN session END,
       CASE WHEN number % 200 = 3 THEN starts_at + interval '1 day' END,
       CASE WHEN number % 200 = 5 THEN jsonb_build_array(
            jsonb_build_object('session', session),
            jsonb_build_object('session', 'report-' || $1::integer || '-' || (place + 5) % 10)) END,
       'ORDER-' || number / 3, starts_at - make_interval(days => (number % 60)::integer), CASE WHEN number % 10 = 0 THEN 'Group ' || number END,
       CASE WHEN number % 10 = 0 THEN 'group' ELSE 'individual' END,
       CASE WHEN number % 10 = 0 THEN 10 + number / 10 % 20 ELSE 1 END,
       CASE number % 50 WHEN 1 THEN 'unpaid' WHEN 2 THEN 'cancelled' ELSE 'active' END,
       CASE WHEN number % 4 = 0 THEN 'pretix' ELSE 'own' END, number % 100 = 7, starts_at - interval '9 days'
  FROM (SELECT $1::bigint * 10000 + n AS number, (n / 1000)::integer AS place FROM generate_series(0, 9999) AS n) AS t,
       LATERAL (SELECT 'report-' || $1::integer || '-' || place AS session,
                       ($2::date + make_interval(hours => 9 + place)) AT TIME ZONE 'Europe/Paris' AS starts_at) AS s
