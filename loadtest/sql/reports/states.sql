-- What has become of the tickets of a day: those who came have stamped once.
INSERT INTO composteur.ticket_state (code, made, made_by_window, persons_by_window, first_at, last_at, first_reader, last_reader,
                                     moved_at, last_event)
SELECT ticket_code, 1, '{1}', ARRAY[persons], at, at, reader, reader, at, event_id
  FROM composteur.scan_event
 WHERE at >= $2::date::timestamp AT TIME ZONE 'Europe/Paris'
   AND at < ($2::date + 1)::timestamp AT TIME ZONE 'Europe/Paris'
   AND counted_stamps = 1 AND event_id LIKE '9-' || $1::integer || '-%'
