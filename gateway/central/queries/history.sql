-- What has happened, as the database has it.

-- name: of_ticket
-- A ticket's events in the order of the stream: epoch, then place.
SELECT event_id, at, site, kind, of, ticket_code, product, session, space, reader, operator,
       direction, decision, reason, persons, audience, counted_persons, counted_stamps, device_at,
       offline, degraded, override_reason, conflict_with
  FROM composteur.scan_event
 WHERE ticket_code = $1
   AND ($2::text IS NULL
        OR string_to_array(event_id, '-')::bigint[] > string_to_array($2, '-')::bigint[])
 ORDER BY string_to_array(event_id, '-')::bigint[] LIMIT $3

-- name: event
-- One event in the letters of the stream, with what became of it.
SELECT e.event_id, (date_part('epoch', e.at) * 1000)::bigint AS at,
       CASE e.kind WHEN 'scan' THEN 's' WHEN 'passage' THEN 'p' WHEN 'annulled' THEN 'a'
                   WHEN 'undo' THEN 'u' WHEN 'destroy' THEN 'd' WHEN 'count' THEN 'c'
                   WHEN 'untracked' THEN 't' END AS kind,
       e.of, e.ticket_code, e.product, e.session, e.space, e.reader, e.operator,
       CASE e.direction WHEN 'entry' THEN 'e' WHEN 'exit' THEN 'x' END AS direction,
       CASE e.decision WHEN 'granted' THEN 'g' WHEN 'denied' THEN 'd' END AS decision,
       e.reason, e.persons,
       CASE e.audience WHEN 'individual' THEN '' WHEN 'group' THEN 'g' ELSE 'n' END AS audience,
       e.counted_persons, e.counted_stamps,
       (date_part('epoch', e.device_at) * 1000)::bigint AS device_at,
       e.offline, e.degraded, e.override_reason, e.conflict_with,
       (SELECT entry FROM composteur.ticket_state s CROSS JOIN unnest(s.nonces) AS entry
         WHERE s.code = e.ticket_code AND starts_with(entry, e.event_id || ',') LIMIT 1) AS entry,
       (date_part('epoch', r.deadline) * 1000)::bigint AS deadline,
       f.undone_by, f.annulled, f.passed, f.stamped
  FROM composteur.scan_event e
  LEFT JOIN composteur.reservation r ON r.event_id = e.event_id
 CROSS JOIN LATERAL (
        SELECT max(s.event_id) FILTER (WHERE s.kind = 'undo') AS undone_by,
               coalesce(bool_or(s.kind = 'annulled'), false) AS annulled,
               coalesce(sum(s.persons) FILTER (WHERE s.kind = 'passage'), 0) AS passed,
               coalesce(bool_or(s.counted_stamps <> 0), false) AS stamped
          FROM composteur.scan_event s WHERE s.of = e.event_id) AS f
 WHERE e.event_id = $1

-- name: conflicts
-- Admissions that the rules would have refused, newest first: offline grants, late passages.
SELECT event_id, at, site, kind, of, ticket_code, product, session, space, reader, operator,
       direction, decision, reason, persons, audience, counted_persons, counted_stamps, device_at,
       offline, degraded, override_reason, conflict_with
  FROM composteur.scan_event
 WHERE (conflict_with IS NOT NULL OR (decision = 'granted' AND reason IS NOT NULL))
   AND site = $1
   AND ($2::text IS NULL
        OR (at, event_id) < (SELECT at, event_id FROM composteur.scan_event WHERE event_id = $2))
 ORDER BY at DESC, event_id DESC LIMIT $3

-- name: undone_by
SELECT event_id FROM composteur.scan_event WHERE of = $1 AND kind = 'undo' ORDER BY at LIMIT 1

-- name: attendance_differs
-- Keys whose attendance is not the sum of their events, over the months that are kept.
SELECT minute, space, product, audience, reader, direction,
       coalesce(a.persons, 0) AS persons, coalesce(a.stamps, 0) AS stamps,
       coalesce(e.persons, 0) AS event_persons, coalesce(e.stamps, 0) AS event_stamps
  FROM (SELECT minute, space, product, audience, reader, direction, persons, stamps
          FROM composteur.attendance WHERE site = $1 AND minute >= $2) AS a
  FULL JOIN (
        SELECT date_trunc('minute', at, 'UTC') AS minute, coalesce(space, '') AS space,
               coalesce(product, '') AS product, coalesce(audience, '') AS audience,
               coalesce(reader, '') AS reader, coalesce(direction, '') AS direction,
               sum(counted_persons) AS persons, sum(counted_stamps) AS stamps
          FROM composteur.scan_event WHERE site = $1 AND at >= $2
         GROUP BY 1, 2, 3, 4, 5, 6) AS e
       USING (minute, space, product, audience, reader, direction)
 WHERE coalesce(a.persons, 0) <> coalesce(e.persons, 0)
    OR coalesce(a.stamps, 0) <> coalesce(e.stamps, 0)
 ORDER BY minute LIMIT $3

-- name: made_differs
-- A site's tickets whose stamps are not those counted and those reserved; not those that another
-- site has used too.
SELECT code, coalesce(t.made, 0) AS made, coalesce(e.stamps, 0) AS counted,
       coalesce(r.open, 0) AS reserved
  FROM (SELECT code, made FROM composteur.ticket_state WHERE made <> 0) AS t
  FULL JOIN (SELECT ticket_code AS code, sum(counted_stamps) AS stamps
               FROM composteur.scan_event WHERE ticket_code IS NOT NULL AND counted_stamps <> 0
              GROUP BY ticket_code) AS e USING (code)
  FULL JOIN (SELECT code, count(*) AS open FROM composteur.reservation
              WHERE stamping AND NOT committed GROUP BY code) AS r USING (code)
 WHERE coalesce(t.made, 0) <> coalesce(e.stamps, 0) + coalesce(r.open, 0)
   AND NOT EXISTS (SELECT FROM composteur.scan_event o WHERE o.ticket_code = code AND o.site <> $1)
 ORDER BY code LIMIT $2

-- name: oldest_kept
-- The month from which all events are there.
SELECT min(at) FROM composteur.scan_event

-- name: made
SELECT code, made FROM composteur.ticket_state WHERE code = ANY($1::text[])
