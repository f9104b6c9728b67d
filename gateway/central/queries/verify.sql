-- What `composteur verify` compares the entitlement store with.

-- name: made
SELECT code, made FROM composteur.ticket_state WHERE made <> 0

-- name: counted
SELECT count(*) AS events, coalesce(sum(counted_stamps), 0) AS stamps
  FROM composteur.scan_event WHERE site = $1
