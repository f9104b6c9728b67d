-- Tickets as handhelds carry them: those that may come in within a span, with what is known of them.

-- name: tickets
-- $1 the last code seen, $2 and $3 the span, $4 how many.
SELECT t.code, t.product, t.session,
       (date_part('epoch', t.valid_from) * 1000)::bigint AS valid_from,
       (date_part('epoch', t.valid_until) * 1000)::bigint AS valid_until,
       t.windows::text AS windows, t.audience, t.persons, t.spaces, t.status,
       (date_part('epoch', t.hold_until) * 1000)::bigint AS hold_until,
       t.form_required, t.form_signed,
       (date_part('epoch', coalesce(t.destroyed_at, a.destroyed_at)) * 1000)::bigint AS destroyed_at,
       p.spaces AS product_spaces, p.margin_before_s, p.margin_after_s, p.margin_after_from,
       p.max_stamps, p.max_stamps_per_day, p.min_interval_s, p.valid_for_s, p.reentry,
       p.allow_unpaid, p.partial_groups, p.blocked,
       coalesce(a.made_by_window, '{}') AS made_by_window,
       (date_part('epoch', a.first_at) * 1000)::bigint AS first_at
  FROM composteur.ticket t
  JOIN composteur.product p ON p.id = t.product
  LEFT JOIN composteur.session s ON s.id = t.session
  LEFT JOIN composteur.ticket_state a ON a.code = t.code
 WHERE t.code > $1
   AND CASE WHEN t.windows IS NOT NULL THEN true
            WHEN t.session IS NOT NULL
            THEN coalesce(s.ends_at, s.starts_at) + p.margin_after_s * interval '1 second' >= $2
                 AND s.starts_at - p.margin_before_s * interval '1 second' <= $3
            ELSE coalesce(t.valid_until >= $2, true) AND coalesce(t.valid_from <= $3, true) END
 ORDER BY t.code LIMIT $4

-- name: sessions
SELECT s.id, s.product,
       (date_part('epoch', s.starts_at) * 1000)::bigint AS starts_at,
       (date_part('epoch', s.ends_at) * 1000)::bigint AS ends_at
  FROM composteur.session s WHERE s.id = ANY($1::text[])
