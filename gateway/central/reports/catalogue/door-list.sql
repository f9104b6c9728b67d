SELECT s.id AS session, s.label, s.starts_at, t.holder, t.order_ref, t.code, b.product, b.audience,
       b.persons, b.come, greatest(b.persons - b.come, 0) AS missing, b.status,
       b.status IN ('unpaid', 'on_hold') AS unpaid, b.attention OR p.attention AS attention, b.first_at,
       b.last_reader
  FROM composteur.session s
  JOIN composteur.booking b ON b.session = s.id
  JOIN composteur.ticket t ON t.code = b.code
  JOIN composteur.product p ON p.id = b.product
 WHERE s.starts_at >= :from::timestamptz AND s.starts_at < :to::timestamptz
   AND b.status NOT IN ('cancelled', 'replaced')
   AND (:session::text[] IS NULL OR s.id = ANY(:session::text[]))
   AND (:space::text[] IS NULL OR s.space = ANY(:space::text[]))
   AND (:product::text[] IS NULL OR b.product = ANY(:product::text[]))
   AND (:audience::text[] IS NULL OR b.audience = ANY(:audience::text[]))
   AND (:reader::text[] IS NULL OR b.last_reader = ANY(:reader::text[]))
   AND (:stamped::text IS NULL OR (b.stamps > 0) = (:stamped::text = 'yes'))
   AND (:payment::text IS NULL OR (b.status IN ('unpaid', 'on_hold')) = (:payment::text = 'unpaid'))
   AND (:attention::text IS NULL OR (b.attention OR p.attention) = (:attention::text = 'yes'))
   AND (:missing::text IS NULL OR (b.persons > b.come) = (:missing::text = 'yes'))
 ORDER BY s.starts_at, s.id, t.holder, t.code
