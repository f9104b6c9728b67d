-- Sites, and what a rebuilt store needs besides its tickets.

-- name: register
INSERT INTO composteur.site (id) VALUES ($1) ON CONFLICT (id) DO NOTHING

-- name: read
SELECT epoch, position FROM composteur.site WHERE id = $1

-- name: new_epoch
-- The next store begins an event stream of its own.
UPDATE composteur.site SET epoch = epoch + 1, position = '0-0' WHERE id = $1 RETURNING epoch

-- name: reservations
SELECT event_id, code, (date_part('epoch', deadline) * 1000)::bigint AS deadline, committed
  FROM composteur.reservation WHERE site = $1 ORDER BY deadline

-- name: spaces
SELECT space, inside FROM composteur.space_state WHERE site = $1

-- name: mirror_spaces
INSERT INTO composteur.space_state AS s (site, space, inside)
SELECT $1, w.space, w.inside FROM unnest($2::text[], $3::integer[]) AS w (space, inside) ORDER BY 2
ON CONFLICT (site, space) DO UPDATE SET inside = excluded.inside
 WHERE s.inside IS DISTINCT FROM excluded.inside
