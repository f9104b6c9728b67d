-- The figures of the sessions of a period: as they were counted where that still holds, else from the
-- tickets. A filter on readers is answered from the tickets alone.
period AS MATERIALIZED (
    SELECT s.* FROM composteur.session s
     WHERE s.starts_at >= :from::timestamptz AND s.starts_at < :to::timestamptz
       AND (:space::text[] IS NULL OR s.space = ANY(:space::text[]))
       AND (:session::text[] IS NULL OR s.id = ANY(:session::text[]))
), fresh AS MATERIALIZED (
    SELECT c.session FROM composteur.session_counted c
     WHERE :reader::text[] IS NULL AND NOT EXISTS (SELECT FROM changed x WHERE x.session = c.session)
), stale AS MATERIALIZED (
    SELECT array_agg(id) AS sessions FROM period WHERE id NOT IN (SELECT session FROM fresh)
), booked AS (
    SELECT f.session, f.product, f.audience, f.source, f.status, f.attention, f.voucher, f.stamped,
           f.tickets, f.persons, f.come, f.admitted, f.stamps
      FROM composteur.session_figure f
     WHERE f.session IN (SELECT id FROM period) AND f.session IN (SELECT session FROM fresh)
    UNION ALL
    SELECT b.session, b.product, b.audience, b.source, b.status, b.attention, b.voucher, b.stamps > 0,
           1, b.persons, b.come, b.admitted, b.stamps
      FROM composteur.booking b
     WHERE b.session = ANY((SELECT sessions FROM stale)::text[])
       AND (:reader::text[] IS NULL OR b.last_reader = ANY(:reader::text[]))
), asked AS (
    SELECT b.*, b.attention OR p.attention AS flagged, b.status NOT IN ('cancelled', 'replaced') AS expected
      FROM booked b JOIN composteur.product p ON p.id = b.product
     WHERE (:product::text[] IS NULL OR b.product = ANY(:product::text[]))
       AND (:audience::text[] IS NULL OR b.audience = ANY(:audience::text[]))
)
