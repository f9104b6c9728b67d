-- What there is about a visitor: found, handed out, erased.

-- name: codes
-- Tickets by code, by the whole of a holder's or payer's name, or by order.
SELECT code FROM composteur.ticket
 WHERE ($1::text IS NOT NULL AND code = composteur.canonical_code($1))
    OR ($2::text IS NOT NULL AND (lower(holder) = lower($2) OR lower(payer) = lower($2)))
    OR ($3::text IS NOT NULL AND order_ref = $3)
 UNION
SELECT code FROM composteur.ticket_state WHERE $1::text IS NOT NULL AND code = composteur.canonical_code($1)
 ORDER BY code LIMIT 1000

-- name: ticket
SELECT to_jsonb(t)::text AS ticket FROM composteur.ticket t WHERE t.code = $1

-- name: state
SELECT to_jsonb(s)::text AS state FROM composteur.ticket_state s WHERE s.code = $1

-- name: changes
SELECT to_jsonb(c)::text AS change FROM composteur.ticket_change c WHERE c.code = $1 ORDER BY c.rev

-- name: windows
SELECT n, valid_from, valid_until, spaces FROM composteur.ticket_window WHERE code = $1 ORDER BY n

-- name: events
SELECT to_jsonb(e)::text AS event FROM composteur.scan_event e
 WHERE e.ticket_code = $1 OR e.ticket_code = $2 ORDER BY e.at, e.event_id

-- name: in_use
-- Somebody is inside with the ticket (where nobody is seen to leave: came today), or a passage is awaited.
SELECT EXISTS (SELECT FROM composteur.ticket_state
                WHERE code = $1 AND inside IS NOT NULL AND moved_at > now() - interval '1 day')
    OR EXISTS (SELECT FROM composteur.reservation WHERE code = $1)

-- name: erase_events
-- A pseudonym of no key takes the code's place, also where a keyed one already stood.
WITH done AS (
    UPDATE composteur.scan_event SET ticket_code = $3, override_reason = NULL
     WHERE ticket_code = $1 OR ticket_code = $2 RETURNING 1
)
SELECT count(*) FROM done

-- name: close_ticket
-- What its events counted stands in its closing, before they name it no more.
INSERT INTO composteur.ticket_closing AS c (code, site, stamps)
SELECT $1, site, sum(counted_stamps) FROM composteur.scan_event
 WHERE ticket_code = $1 GROUP BY site HAVING sum(counted_stamps) <> 0
ON CONFLICT (code, site) DO UPDATE SET stamps = c.stamps + excluded.stamps

-- name: erase_rejected
DELETE FROM composteur.event_rejected WHERE position(convert_to($1, 'UTF8') IN line) > 0

-- name: erase_names
UPDATE composteur.ticket SET holder = NULL, payer = NULL WHERE code = $1 AND (holder IS NOT NULL OR payer IS NOT NULL)
