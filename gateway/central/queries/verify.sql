-- What `composteur verify` compares the entitlement store with.

-- name: made
SELECT code, made FROM composteur.ticket_state WHERE made <> 0

-- name: elsewhere
-- Of some tickets those that another site has used: this site's store need not know of it.
SELECT ticket_code AS code FROM composteur.scan_event
 WHERE ticket_code = ANY($1::text[]) AND site <> $2
 UNION
SELECT code FROM composteur.ticket_closing WHERE code = ANY($1::text[]) AND site <> $2

-- name: counted
-- Also those of months that were dropped.
SELECT e.events + c.events AS events, e.stamps + c.stamps AS stamps
  FROM (SELECT count(*) AS events, coalesce(sum(counted_stamps), 0) AS stamps
          FROM composteur.scan_event WHERE site = $1) AS e,
       (SELECT coalesce(sum(events), 0) AS events, coalesce(sum(stamps), 0) AS stamps
          FROM composteur.closing WHERE site = $1) AS c
