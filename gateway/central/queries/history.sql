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
SELECT 'attendance' AS what, minute AS moment, space, product, audience, reader, direction,
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
 WHERE (coalesce(a.persons, 0) <> coalesce(e.persons, 0) OR coalesce(a.stamps, 0) <> coalesce(e.stamps, 0))
   AND NOT composteur.is_closed($1, minute)
 ORDER BY minute LIMIT $3

-- name: rolled_differs
-- Sums of the reports that are not what they sum up: attendance by hours and by local days that are
-- over, and refusals, over the months that are kept; of a month whose events were dropped there is
-- nothing to count refusals by.
WITH mark AS (
    SELECT hours_until, days_until, rolled_zone AS zone FROM composteur.site
     WHERE id = $1 AND isfinite(hours_until)
), minutes AS MATERIALIZED (
    SELECT date_trunc('hour', a.minute, m.zone) AS hour, a.space, a.product, a.audience, a.reader, a.direction,
           sum(a.persons) AS persons, sum(a.stamps) AS stamps
      FROM composteur.attendance a, mark m
     WHERE a.site = $1 AND a.minute >= $2 AND a.minute < m.hours_until
     GROUP BY 1, 2, 3, 4, 5, 6
), hours AS (
    SELECT hour::text AS moment, space, product, audience, reader, direction,
           persons, stamps, 0 AS event_persons, 0 AS event_stamps
      FROM composteur.attendance_hour WHERE site = $1 AND hour >= $2
    UNION ALL
    SELECT hour::text, space, product, audience, reader, direction, 0, 0, persons, stamps FROM minutes
), days AS (
    SELECT d.day::text AS moment, d.space, d.product, d.audience, d.reader, d.direction,
           d.persons, d.stamps, 0 AS event_persons, 0 AS event_stamps
      FROM composteur.attendance_day d, mark m
     WHERE d.site = $1 AND d.day::timestamp AT TIME ZONE m.zone >= $2
    UNION ALL
    SELECT (a.hour AT TIME ZONE m.zone)::date::text, a.space, a.product, a.audience, a.reader, a.direction,
           0, 0, a.persons, a.stamps
      FROM minutes a, mark m
     WHERE (a.hour AT TIME ZONE m.zone)::date < m.days_until
       AND (a.hour AT TIME ZONE m.zone)::date::timestamp AT TIME ZONE m.zone >= $2
), refusals AS (
    SELECT h.hour::text AS moment, h.space, h.product, h.audience, h.reader, h.reason AS direction,
           h.refusals AS persons, 0 AS stamps, 0 AS event_persons, 0 AS event_stamps
      FROM composteur.refusal_hour h WHERE h.site = $1 AND h.hour >= $2 AND NOT composteur.is_closed($1, h.hour)
    UNION ALL
    SELECT date_trunc('hour', e.at, m.zone)::text, coalesce(e.space, ''), coalesce(e.product, ''),
           coalesce(e.audience, ''), coalesce(e.reader, ''), coalesce(e.reason, ''), 0, 0, 1, 0
      FROM composteur.scan_event e, mark m
     WHERE e.site = $1 AND e.at >= $2 AND e.at < m.hours_until AND e.kind = 'scan' AND e.decision = 'denied'
       AND NOT composteur.is_closed($1, date_trunc('hour', e.at, m.zone))
), told AS (
    SELECT 'hours' AS what, * FROM hours
    UNION ALL SELECT 'days', * FROM days
    UNION ALL SELECT 'refusals', * FROM refusals
)
SELECT what, moment, space, product, audience, reader, direction,
       sum(persons) AS persons, sum(stamps) AS stamps,
       sum(event_persons) AS event_persons, sum(event_stamps) AS event_stamps
  FROM told GROUP BY 1, 2, 3, 4, 5, 6, 7
HAVING sum(persons) <> sum(event_persons) OR sum(stamps) <> sum(event_stamps)
 ORDER BY 1, 2 LIMIT $3

-- name: closings_differ
-- Months whose events were dropped: attendance is their closing, and what came in late.
SELECT c.month, a.persons_in, a.persons_out, a.stamps,
       c.persons_in + e.persons_in AS closed_in, c.persons_out + e.persons_out AS closed_out,
       c.stamps + e.stamps AS closed_stamps
  FROM composteur.closing c
 CROSS JOIN LATERAL (
        SELECT coalesce(sum(persons) FILTER (WHERE direction = 'entry'), 0) AS persons_in,
               coalesce(sum(persons) FILTER (WHERE direction = 'exit'), 0) AS persons_out,
               coalesce(sum(stamps), 0) AS stamps
          FROM composteur.attendance
         WHERE site = $1 AND minute >= c.month AND minute < c.month + interval '1 month') AS a
 CROSS JOIN LATERAL (
        SELECT coalesce(sum(counted_persons) FILTER (WHERE direction = 'entry'), 0) AS persons_in,
               coalesce(sum(counted_persons) FILTER (WHERE direction = 'exit'), 0) AS persons_out,
               coalesce(sum(counted_stamps), 0) AS stamps
          FROM composteur.scan_event
         WHERE site = $1 AND at >= c.month AND at < c.month + interval '1 month') AS e
 WHERE c.site = $1 AND c.closed_at IS NOT NULL AND c.counts_removed_at IS NULL
   AND (a.persons_in, a.persons_out, a.stamps)
       <> (c.persons_in + e.persons_in, c.persons_out + e.persons_out, c.stamps + e.stamps)
 ORDER BY c.month

-- name: purged_stamps
-- Stamps whose events name no ticket any more: by the tickets they were taken from, by the events and the
-- months that were dropped.
SELECT (SELECT coalesce(sum(stamps), 0) FROM composteur.ticket_closing WHERE site = $1)::bigint AS taken,
       ((SELECT coalesce(sum(counted_stamps), 0) FROM composteur.scan_event
          WHERE site = $1 AND composteur.is_pseudonym(ticket_code))
        + (SELECT coalesce(sum(stamps), 0) FROM composteur.closing WHERE site = $1))::bigint AS left_over

-- name: made_differs
-- A site's tickets whose stamps are not those counted and those reserved; not those that another
-- site has used too. Of events that name their ticket no more its closing tells.
SELECT code, coalesce(t.made, 0) AS made, coalesce(e.stamps, 0) + coalesce(k.stamps, 0) AS counted,
       coalesce(r.open, 0) AS reserved
  FROM (SELECT code, made FROM composteur.ticket_state WHERE made <> 0) AS t
  FULL JOIN (SELECT ticket_code AS code, sum(counted_stamps) AS stamps
               FROM composteur.scan_event
              WHERE ticket_code IS NOT NULL AND counted_stamps <> 0 AND NOT composteur.is_pseudonym(ticket_code)
              GROUP BY ticket_code) AS e USING (code)
  FULL JOIN (SELECT code, sum(stamps) AS stamps FROM composteur.ticket_closing
              WHERE code <> '' GROUP BY code) AS k USING (code)
  FULL JOIN (SELECT code, count(*) AS open FROM composteur.reservation
              WHERE stamping AND NOT committed GROUP BY code) AS r USING (code)
 WHERE coalesce(t.made, 0) <> coalesce(e.stamps, 0) + coalesce(k.stamps, 0) + coalesce(r.open, 0)
   AND NOT EXISTS (SELECT FROM composteur.scan_event o WHERE o.ticket_code = code AND o.site <> $1)
   AND code NOT IN (SELECT o.code FROM composteur.ticket_closing o WHERE o.site <> $1)
 ORDER BY code LIMIT $2

-- name: oldest_kept
-- The month from which all events are there.
SELECT min(at) FROM composteur.scan_event

-- name: made
SELECT code, made FROM composteur.ticket_state WHERE code = ANY($1::text[])

-- name: opened
-- The events behind a figure, oldest first; an empty word is an event that names none. An undo is
-- found under the operator who had stamped, as it is counted.
SELECT e.event_id, e.at, e.site, e.kind, e.of, e.ticket_code, e.product, e.session, e.space, e.reader,
       e.operator, e.direction, e.decision, e.reason, e.persons, e.audience, e.counted_persons,
       e.counted_stamps, e.device_at, e.offline, e.degraded, e.override_reason, e.conflict_with
  FROM composteur.scan_event e
 WHERE e.site = $1 AND e.at >= $2 AND e.at < $3
   AND ($4::timestamptz IS NULL OR (e.at, e.event_id) > ($4::timestamptz, $5::text))
   AND ($6::text[] IS NULL OR coalesce(e.space, '') = ANY($6::text[]))
   AND ($7::text[] IS NULL OR coalesce(e.product, '') = ANY($7::text[]))
   AND ($8::text[] IS NULL OR coalesce(e.audience, '') = ANY($8::text[]))
   AND ($9::text[] IS NULL OR coalesce(e.reader, '') = ANY($9::text[]))
   AND ($10::text[] IS NULL
        OR coalesce(CASE WHEN e.kind = 'undo'
                         THEN (SELECT g.operator FROM composteur.scan_event g WHERE g.event_id = e.of LIMIT 1)
                         ELSE e.operator END, '') = ANY($10::text[]))
   AND ($11::text[] IS NULL OR coalesce(e.reason, '') = ANY($11::text[]))
   AND ($12::text[] IS NULL OR e.session = ANY($12::text[]))
   AND ($13::text IS NULL OR e.direction = $13)
   AND ($14::text IS NULL OR (e.decision = $14 AND e.kind = 'scan'))
   AND ($15::text IS NULL OR CASE $15 WHEN 'stamps' THEN e.counted_stamps ELSE e.counted_persons END <> 0)
   AND ($16::text IS NULL OR e.ticket_code = $16)
 ORDER BY e.at, e.event_id LIMIT $17

-- name: at_of
SELECT at FROM composteur.scan_event WHERE event_id = $1

-- name: changes
-- What a ticket's seller changed of it and, since it was ordered, of its sessions; newest first.
SELECT at, what::text AS what
  FROM (SELECT rev, at, what FROM composteur.ticket_change WHERE code = $1
         UNION ALL
        SELECT c.rev, c.at, c.what
          FROM composteur.ticket t
          JOIN composteur.session_change c
            ON c.id = t.session OR t.windows @> jsonb_build_array(jsonb_build_object('session', c.id))
         WHERE t.code = $1 AND c.at >= coalesce(t.ordered_at, c.at)) AS life
 ORDER BY rev DESC LIMIT $2
