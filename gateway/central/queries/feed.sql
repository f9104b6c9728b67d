-- The ticket feed. Instants go out as integer milliseconds, `windows` as JSON text.

-- name: changes
-- Of a site's to-do list the oldest, and the newest before their turn: a ticket sold while a million
-- rows are taken in is not kept waiting behind them.
(SELECT rev, kind, id FROM composteur.change WHERE site = $1 ORDER BY rev LIMIT $2)
 UNION
(SELECT rev, kind, id FROM composteur.change WHERE site = $1 ORDER BY rev DESC LIMIT $3)
 ORDER BY rev

-- name: done
-- Exactly the rows that were read: what was added meanwhile stays.
DELETE FROM composteur.change WHERE rev = ANY($1::bigint[])

-- name: pending
SELECT count(*) FROM (SELECT FROM composteur.change WHERE site = $1 LIMIT $2) AS first

-- name: products
-- Rows as they are now; `deleted` where there is none any more.
SELECT w.id, p.id IS NULL AS deleted, greatest(w.rev, p.rev) AS rev,
       p.label, p.kind, p.spaces, p.margin_before_s, p.margin_after_s, p.margin_after_from,
       p.max_stamps, p.max_stamps_per_day, p.min_interval_s, p.valid_for_s, p.reentry,
       p.reentry_window_s, p.allow_unpaid, p.partial_groups, p.attention, p.blocked
  FROM unnest($1::text[], $2::bigint[]) AS w (id, rev)
  LEFT JOIN composteur.product p ON p.id = w.id

-- name: sessions
SELECT w.id, s.id IS NULL AS deleted, greatest(w.rev, s.rev) AS rev,
       s.product,
       (date_part('epoch', s.starts_at) * 1000)::bigint AS starts_at,
       (date_part('epoch', s.ends_at) * 1000)::bigint AS ends_at,
       s.places, s.label, s.host, s.space
  FROM unnest($1::text[], $2::bigint[]) AS w (id, rev)
  LEFT JOIN composteur.session s ON s.id = w.id

-- name: tickets
-- A ticket that is not there any more is a cancelled one. Its state remembers that it was destroyed, also
-- where it was deleted and sold again before anybody looked.
SELECT w.id AS code, t.code IS NULL AS deleted, greatest(w.rev, t.rev) AS rev,
       t.product, t.session,
       (date_part('epoch', t.valid_from) * 1000)::bigint AS valid_from,
       (date_part('epoch', t.valid_until) * 1000)::bigint AS valid_until,
       t.windows::text AS windows,
       t.holder, coalesce(t.audience, 'individual') AS audience, coalesce(t.persons, 1) AS persons,
       t.spaces, coalesce(t.status, 'cancelled') AS status,
       (date_part('epoch', t.hold_until) * 1000)::bigint AS hold_until,
       t.replaced_by, coalesce(t.form_required, false) AS form_required,
       coalesce(t.form_signed, false) AS form_signed, coalesce(t.attention, false) AS attention,
       (date_part('epoch', coalesce(t.destroyed_at, s.destroyed_at)) * 1000)::bigint AS destroyed_at
  FROM unnest($1::text[], $2::bigint[]) AS w (id, rev)
  LEFT JOIN composteur.ticket t ON t.code = w.id
  LEFT JOIN composteur.ticket_state s ON s.code = w.id

-- name: snapshot_products
SELECT p.id, false AS deleted, p.rev,
       p.label, p.kind, p.spaces, p.margin_before_s, p.margin_after_s, p.margin_after_from,
       p.max_stamps, p.max_stamps_per_day, p.min_interval_s, p.valid_for_s, p.reentry,
       p.reentry_window_s, p.allow_unpaid, p.partial_groups, p.attention, p.blocked
  FROM composteur.product p

-- name: snapshot_sessions
SELECT s.id, false AS deleted, s.rev,
       s.product,
       (date_part('epoch', s.starts_at) * 1000)::bigint AS starts_at,
       (date_part('epoch', s.ends_at) * 1000)::bigint AS ends_at,
       s.places, s.label, s.host, s.space
  FROM composteur.session s

-- name: snapshot_size
SELECT greatest(
    (SELECT count(*) FROM composteur.ticket), (SELECT count(*) FROM composteur.ticket_state))

-- name: snapshot_tickets
-- Every ticket with its state; a state without its ticket is a deleted, hence cancelled one.
SELECT coalesce(t.code, s.code) AS code, t.code IS NULL AS deleted, coalesce(t.rev, 0) AS rev,
       t.product, t.session,
       (date_part('epoch', t.valid_from) * 1000)::bigint AS valid_from,
       (date_part('epoch', t.valid_until) * 1000)::bigint AS valid_until,
       t.windows::text AS windows,
       t.holder, coalesce(t.audience, 'individual') AS audience, coalesce(t.persons, 1) AS persons,
       t.spaces, coalesce(t.status, 'cancelled') AS status,
       (date_part('epoch', t.hold_until) * 1000)::bigint AS hold_until,
       t.replaced_by, coalesce(t.form_required, false) AS form_required,
       coalesce(t.form_signed, false) AS form_signed, coalesce(t.attention, false) AS attention,
       (date_part('epoch', least(t.destroyed_at, s.destroyed_at)) * 1000)::bigint AS destroyed_at,
       s.made, s.made_by_window, s.persons_by_window, s.day, s.made_on_day,
       (date_part('epoch', s.first_at) * 1000)::bigint AS first_at, s.first_reader,
       (date_part('epoch', s.last_at) * 1000)::bigint AS last_at, s.last_reader,
       s.inside, s.origin, s.inside_persons,
       (date_part('epoch', s.moved_at) * 1000)::bigint AS moved_at,
       s.last_event, s.nonces
  FROM composteur.ticket t
  FULL JOIN composteur.ticket_state s ON s.code = t.code

-- name: state
-- The gate's record of one ticket, in the columns of the snapshot.
SELECT s.made, s.made_by_window, s.persons_by_window, s.day, s.made_on_day,
       (date_part('epoch', s.first_at) * 1000)::bigint AS first_at, s.first_reader,
       (date_part('epoch', s.last_at) * 1000)::bigint AS last_at, s.last_reader,
       s.inside, s.origin, s.inside_persons,
       (date_part('epoch', s.moved_at) * 1000)::bigint AS moved_at,
       (date_part('epoch', s.destroyed_at) * 1000)::bigint AS destroyed_at,
       s.last_event, s.nonces
  FROM composteur.ticket_state s
 WHERE s.code = $1
