-- Tickets by what they are good for (activity) or by when they were ordered, once each, with what has
-- come of them: those of a span of the period, or those that stand at no instant of it.
candidate AS (
    SELECT t.*, s.starts_at AS listed_at, s.starts_at, s.space AS session_space
      FROM composteur.session s JOIN composteur.ticket t ON t.session = s.id AND t.windows IS NULL
     WHERE :dates::text = 'activity' AND s.starts_at >= :span_from::timestamptz AND s.starts_at < :span_to::timestamptz
       AND (:session::text[] IS NULL OR s.id = ANY(:session::text[]))
    UNION ALL
    SELECT t.*, NULL, NULL, NULL
      FROM composteur.ticket t
     WHERE :dates::text = 'activity' AND :undated::boolean AND t.session IS NULL AND t.windows IS NULL
       AND (t.valid_until >= :from::timestamptz OR t.valid_until IS NULL)
       AND (t.valid_from < :to::timestamptz OR t.valid_from IS NULL)
       AND :session::text[] IS NULL
    UNION ALL
    SELECT t.*, NULL, NULL, NULL
      FROM voucher t
     WHERE :dates::text = 'activity' AND :undated::boolean
    UNION ALL
    SELECT t.*, t.ordered_at, s.starts_at, s.space
      FROM composteur.ticket t LEFT JOIN composteur.session s ON s.id = t.session AND t.windows IS NULL
     WHERE :dates::text = 'order' AND t.ordered_at >= :span_from::timestamptz AND t.ordered_at < :span_to::timestamptz
       AND (:session::text[] IS NULL OR t.session = ANY(:session::text[]))
), ticket AS (
    SELECT c.listed_at, c.order_ref, c.ordered_at, c.code, c.holder, c.payer, c.product, p.label AS product_label,
           c.session, c.starts_at, c.valid_from, c.valid_until, c.audience, c.audience_label, c.persons,
           CASE WHEN c.status = 'on_hold' AND c.hold_until <= :now::timestamptz THEN 'cancelled'
                ELSE c.status END AS status,
           c.attention OR p.attention AS attention, coalesce(g.made, 0) AS stamps,
           coalesce((SELECT sum(n) FROM unnest(g.persons_by_window) AS n), 0) AS admitted,
           g.first_at, g.first_reader, g.last_at, g.last_reader,
           least(c.destroyed_at, g.destroyed_at) AS destroyed_at, c.source
      FROM candidate c
      JOIN composteur.product p ON p.id = c.product
      LEFT JOIN composteur.ticket_state g ON g.code = c.code
     WHERE (:product::text[] IS NULL OR c.product = ANY(:product::text[]))
       AND (:audience::text[] IS NULL OR c.audience = ANY(:audience::text[]))
       AND (:source::text[] IS NULL OR c.source = ANY(:source::text[]))
       AND (:space::text[] IS NULL OR c.session_space = ANY(:space::text[]) OR c.spaces && :space::text[])
       AND (:reader::text[] IS NULL OR g.last_reader = ANY(:reader::text[]))
       AND (:order::text IS NULL OR c.order_ref = :order::text)
       AND (:consumer::text IS NULL OR strpos(lower(c.holder), lower(:consumer::text)) > 0
            OR strpos(lower(c.payer), lower(:consumer::text)) > 0)
       AND (:stamped::text IS NULL OR (coalesce(g.made, 0) > 0) = (:stamped::text = 'yes'))
), asked AS (
    SELECT *, CASE status WHEN 'cancelled' THEN NULL WHEN 'replaced' THEN NULL WHEN 'unpaid' THEN 'unpaid'
                          WHEN 'on_hold' THEN 'unpaid' ELSE 'paid' END AS payment
      FROM ticket
     WHERE (:status::text[] IS NULL OR status = ANY(:status::text[]))
       AND (:payment::text IS NULL
            OR CASE :payment::text WHEN 'unpaid' THEN status IN ('unpaid', 'on_hold')
                                   ELSE status IN ('active', 'blocked') END)
       AND (:attention::text IS NULL OR attention = (:attention::text = 'yes'))
       AND (:expected::text IS NULL OR (status NOT IN ('cancelled', 'replaced')) = (:expected::text = 'yes'))
)
