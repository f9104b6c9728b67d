-- The ten sessions of a day, one an hour from nine o'clock on.
INSERT INTO composteur.session (id, product, starts_at, ends_at, places, space, label, updated_at)
SELECT 'report-' || $1::integer || '-' || place, 'report-' || place % 5, starts_at, starts_at + interval '1 hour', 1200,
       'hall', 'Session ' || place, starts_at - interval '9 days'
  FROM generate_series(0, 9) AS place,
       LATERAL (SELECT ($2::date + make_interval(hours => 9 + place)) AT TIME ZONE 'Europe/Paris' AS starts_at) AS s
