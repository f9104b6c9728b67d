-- The purge. It names a partition by `{part}`: scan_event_YYYY_MM, nothing else.

-- name: lead
SELECT pg_try_advisory_lock(hashtext('composteur.retention'), hashtext($1))

-- name: parts
-- The partitions, oldest month first, with the rows each was ever given.
SELECT c.relname AS part, pg_stat_get_tuples_inserted(c.oid) AS inserted
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = 'composteur.scan_event'::regclass AND c.relname ~ '^scan_event_\d{4}_\d\d$'
 ORDER BY c.relname

-- name: closing
SELECT swept_to, seen_inserts, closed_at FROM composteur.closing WHERE site = $1 AND month = $2

-- name: closings
SELECT month, closed_at, events, persons_in, persons_out, stamps, pseudonymised, swept_to, counts_removed_at
  FROM composteur.closing WHERE site = $1 ORDER BY month

-- name: pages
-- Where in the partition a span of time lies.
SELECT min(ctid)::text AS first, max(ctid)::text AS last
  FROM composteur.{part} WHERE at >= $1 AND at < $2

-- name: named
-- Some pages' events that still name a ticket, or say something in an operator's words.
SELECT event_id, at, ticket_code, counted_stamps
  FROM composteur.{part}
 WHERE ctid >= $1::text::tid AND ctid < $2::text::tid AND site = $3 AND at >= $4 AND at < $5
   AND ((ticket_code IS NOT NULL AND NOT composteur.is_pseudonym(ticket_code)) OR override_reason IS NOT NULL)

-- name: rename
WITH given AS (
    SELECT * FROM unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::integer[])
           AS g (event_id, at, code, pseudonym, stamps)
), closed AS (
    INSERT INTO composteur.ticket_closing AS c (code, site, stamps)
    SELECT code, $1, sum(stamps) FROM given WHERE stamps <> 0 GROUP BY code ORDER BY code
    ON CONFLICT (code, site) DO UPDATE SET stamps = c.stamps + excluded.stamps
)
UPDATE composteur.{part} e SET ticket_code = g.pseudonym, override_reason = NULL
  FROM given g WHERE e.event_id = g.event_id AND e.at = g.at

-- name: swept
INSERT INTO composteur.closing AS c (site, month, swept_to, seen_inserts, pseudonymised)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (site, month) DO UPDATE SET swept_to = excluded.swept_to, seen_inserts = excluded.seen_inserts,
    pseudonymised = c.pseudonymised + excluded.pseudonymised

-- name: due
INSERT INTO composteur.closing AS c (site, month, due_at) VALUES ($1, $2, now())
ON CONFLICT (site, month) DO UPDATE SET due_at = coalesce(c.due_at, excluded.due_at)

-- name: still_needed
-- Sites that still need this month, whose events in it still name tickets, or whose reports have not
-- summed it up yet.
SELECT DISTINCT e.site FROM composteur.{part} e
 WHERE NOT EXISTS (SELECT FROM composteur.closing c WHERE c.site = e.site AND c.month = $1 AND c.due_at IS NOT NULL)
    OR (e.ticket_code IS NOT NULL AND NOT composteur.is_pseudonym(e.ticket_code))
    OR NOT EXISTS (SELECT FROM composteur.site s
                    WHERE s.id = e.site AND s.hours_until >= $1::timestamptz + interval '1 month')

-- name: close_month
INSERT INTO composteur.closing AS c (site, month, due_at, closed_at, events, persons_in, persons_out, stamps)
SELECT site, $1, now(), now(), count(*),
       coalesce(sum(counted_persons) FILTER (WHERE direction = 'entry'), 0),
       coalesce(sum(counted_persons) FILTER (WHERE direction = 'exit'), 0),
       coalesce(sum(counted_stamps), 0)
  FROM composteur.{part} GROUP BY site
ON CONFLICT (site, month) DO UPDATE SET closed_at = excluded.closed_at,
    events = c.events + excluded.events, persons_in = c.persons_in + excluded.persons_in,
    persons_out = c.persons_out + excluded.persons_out, stamps = c.stamps + excluded.stamps,
    swept_to = NULL, seen_inserts = NULL

-- name: size
SELECT count(*) FROM composteur.{part} WHERE site = $1

-- name: oldest_counts
SELECT min(minute) FROM composteur.attendance WHERE site = $1 AND minute < $2

-- name: remove_counts
DELETE FROM composteur.attendance WHERE site = $1 AND minute >= $2 AND minute < $3

-- name: counts_removed
-- What reports sum up of them goes too.
WITH hours AS (
    DELETE FROM composteur.attendance_hour WHERE site = $1 AND hour < $2
), days AS (
    DELETE FROM composteur.attendance_day WHERE site = $1 AND day < $2::timestamptz::date
), refusals AS (
    DELETE FROM composteur.refusal_hour WHERE site = $1 AND hour < $2
)
UPDATE composteur.closing SET counts_removed_at = now()
 WHERE site = $1 AND month + interval '1 month' <= $2 AND counts_removed_at IS NULL

-- name: remove_rejected
DELETE FROM composteur.event_rejected WHERE site = $1 AND noted_at < $2

-- name: remove_changes
-- Some of what sellers changed of tickets before an instant.
DELETE FROM composteur.ticket_change
 WHERE (code, rev) IN (SELECT code, rev FROM composteur.ticket_change WHERE at < $1 LIMIT $2)

-- name: forget_names
-- Of some tickets, in the order of their codes, those that have ended lose the names of people.
WITH few AS (
    SELECT t.code FROM composteur.ticket t
     WHERE t.code > $1 AND (t.holder IS NOT NULL OR t.payer IS NOT NULL) ORDER BY t.code LIMIT $3
), done AS (
    UPDATE composteur.ticket t SET holder = NULL, payer = NULL
      FROM few WHERE t.code = few.code AND composteur.ended_before(t, $2, false) RETURNING 1
)
SELECT max(code) AS last, (SELECT count(*) FROM done) AS done FROM few

-- name: ended_tickets
-- Of some tickets, in the order of their codes, those that can be forgotten: they have ended, nobody
-- has moved with them since, and no event names them.
WITH few AS (
    SELECT t.code, composteur.ended_before(t, $2, true) AS ended
      FROM composteur.ticket t WHERE t.code > $1 ORDER BY t.code LIMIT $3
)
SELECT max(code) AS last,
       coalesce(array_agg(code) FILTER (
           WHERE ended
             AND NOT EXISTS (SELECT FROM composteur.ticket_state s WHERE s.code = few.code AND s.moved_at >= $2)
             AND NOT EXISTS (SELECT FROM composteur.reservation r WHERE r.code = few.code)
             AND NOT EXISTS (SELECT FROM composteur.scan_event e WHERE e.ticket_code = few.code)), '{}') AS ended
  FROM few

-- name: forget
SELECT composteur.forget_tickets($1, $2)

-- name: horizon
-- Whether the events of an instant may be past their retention.
SELECT EXISTS (SELECT FROM composteur.closing
                WHERE site = $1 AND ((closed_at IS NOT NULL AND $2 < month + interval '1 month') OR $2 < swept_to))

-- name: last_run
SELECT finished_at, removed::text AS removed FROM composteur.purge_run WHERE site = $1

-- name: ran
INSERT INTO composteur.purge_run (site, finished_at, removed) VALUES ($1, $2, $3::text::jsonb)
ON CONFLICT (site) DO UPDATE SET finished_at = excluded.finished_at, removed = excluded.removed

-- name: key_in_use
SELECT fingerprint FROM composteur.pseudonym_key WHERE site = $1 AND destroyed_at IS NULL

-- name: use_key
INSERT INTO composteur.pseudonym_key (site, fingerprint) VALUES ($1, $2)

-- name: key_destroyed
UPDATE composteur.pseudonym_key SET destroyed_at = now()
 WHERE site = $1 AND destroyed_at IS NULL RETURNING fingerprint

-- name: acts_naming_tickets
-- Acts on tickets whose words are still there: all before an instant, or those on some tickets.
SELECT seq, subject FROM composteur.audit
 WHERE site = $1 AND salt IS NOT NULL AND subject IS NOT NULL AND what IN ('destroy', 'undo', 'override')
   AND (at < $2 OR subject = ANY ($3::text[]))
 ORDER BY seq LIMIT $4

-- name: redact
UPDATE composteur.audit a SET subject = g.pseudonym, details = '{}', salt = NULL, redacted_at = now()
  FROM unnest($2::bigint[], $3::text[]) AS g (seq, pseudonym) WHERE a.site = $1 AND a.seq = g.seq

-- name: acts_past
-- The last act of which all up to it are older; its hash; how many there are.
SELECT a.seq, encode(a.hash, 'hex') AS hash,
       (SELECT count(*) FROM composteur.audit b WHERE b.site = $1 AND b.seq <= a.seq) AS acts
  FROM composteur.audit a
 WHERE a.site = $1
   AND a.seq < (SELECT min(seq) FROM composteur.audit k WHERE k.site = $1 AND k.at >= $2)
 ORDER BY a.seq DESC LIMIT 1

-- name: close_acts
UPDATE composteur.audit_head SET closed = $2 WHERE site = $1 AND closed < $2

-- name: remove_acts
DELETE FROM composteur.audit WHERE site = $1 AND seq <= $2
