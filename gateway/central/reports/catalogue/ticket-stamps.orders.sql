-- with: changed
-- What the list by orders adds up to, from the figures of sessions by days of orders; days that are
-- not whole, and tickets of no such session, are read themselves.
, fresh AS MATERIALIZED (
    SELECT c.session FROM composteur.session_counted c
     WHERE c.zone = :zone::text AND NOT EXISTS (SELECT FROM changed x WHERE x.session = c.session)
), stale AS MATERIALIZED (
    SELECT array_agg(s.id) AS sessions FROM composteur.session s
     WHERE s.id NOT IN (SELECT session FROM fresh)
), read AS (
    SELECT * FROM composteur.ticket
     WHERE session = ANY((SELECT sessions FROM stale)::text[]) AND windows IS NULL
       AND ordered_at >= :from::timestamptz AND ordered_at < :to::timestamptz
    UNION ALL
    SELECT * FROM composteur.ticket
     WHERE windows IS NULL AND session IN (SELECT session FROM fresh)
       AND ordered_at >= :from::timestamptz AND ordered_at < :before_days::timestamptz
    UNION ALL
    SELECT * FROM composteur.ticket
     WHERE windows IS NULL AND session IN (SELECT session FROM fresh)
       AND ordered_at >= :after_days::timestamptz AND ordered_at < :to::timestamptz
    UNION ALL
    SELECT * FROM composteur.ticket
     WHERE session IS NULL AND windows IS NULL
       AND ordered_at >= :from::timestamptz AND ordered_at < :to::timestamptz
    UNION ALL
    SELECT * FROM composteur.ticket
     WHERE windows IS NOT NULL AND ordered_at >= :from::timestamptz AND ordered_at < :to::timestamptz
), listed AS (
    SELECT f.session, f.tickets, f.persons, f.stamps, f.admitted, f.source, f.status, f.attention, f.stamped,
           f.product, f.audience
      FROM composteur.order_figure f
     WHERE f.ordered_on >= :first_day::date AND f.ordered_on < :last_day::date
       AND f.session IN (SELECT session FROM fresh)
    UNION ALL
    SELECT t.session, 1, t.persons, coalesce(g.made, 0),
           coalesce((SELECT sum(n) FROM unnest(g.persons_by_window) AS n), 0), t.source,
           CASE WHEN t.status = 'on_hold' AND t.hold_until <= :now::timestamptz THEN 'cancelled'
                ELSE t.status END,
           t.attention, coalesce(g.made, 0) > 0, t.product, t.audience
      FROM read t LEFT JOIN composteur.ticket_state g ON g.code = t.code
)
SELECT coalesce(sum(tickets), 0)::bigint AS tickets, coalesce(sum(persons), 0)::bigint AS persons,
       coalesce(sum(stamps), 0)::bigint AS stamps, coalesce(sum(admitted), 0)::bigint AS admitted
  FROM listed l JOIN composteur.product p ON p.id = l.product
 WHERE (:session::text[] IS NULL OR session = ANY(:session::text[]))
   AND (:product::text[] IS NULL OR product = ANY(:product::text[]))
   AND (:audience::text[] IS NULL OR audience = ANY(:audience::text[]))
   AND (:source::text[] IS NULL OR source = ANY(:source::text[]))
   AND (:status::text[] IS NULL OR status = ANY(:status::text[]))
   AND (:stamped::text IS NULL OR stamped = (:stamped::text = 'yes'))
   AND (:attention::text IS NULL OR (l.attention OR p.attention) = (:attention::text = 'yes'))
   AND (:expected::text IS NULL OR (status NOT IN ('cancelled', 'replaced')) = (:expected::text = 'yes'))
   AND (:payment::text IS NULL
        OR CASE :payment::text WHEN 'unpaid' THEN status IN ('unpaid', 'on_hold')
                               ELSE status IN ('active', 'blocked') END)
