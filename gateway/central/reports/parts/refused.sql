-- Refused scans of a period: whole hours, then the events themselves.
refused AS (
    SELECT h.hour, h.space, h.product, h.audience, h.reader, h.direction, h.reason, h.refusals
      FROM unnest(:hours_from::timestamptz[], :hours_to::timestamptz[]) AS w (starts, ends)
      JOIN composteur.refusal_hour h ON h.site = :site AND h.hour >= w.starts AND h.hour < w.ends
    UNION ALL
    SELECT date_trunc('hour', e.at, :zone), e.space, e.product, e.audience, e.reader, e.direction,
           e.reason, 1
      FROM unnest(:moments_from::timestamptz[], :moments_to::timestamptz[]) AS w (starts, ends)
      JOIN composteur.tallied e ON e.site = :site AND e.at >= w.starts AND e.at < w.ends
     WHERE e.refused
), asked AS (
    SELECT * FROM refused
     WHERE (:space::text[] IS NULL OR space = ANY(:space::text[]))
       AND (:product::text[] IS NULL OR product = ANY(:product::text[]))
       AND (:audience::text[] IS NULL OR audience = ANY(:audience::text[]))
       AND (:reader::text[] IS NULL OR reader = ANY(:reader::text[]))
       AND (:reason::text[] IS NULL OR reason = ANY(:reason::text[]))
)
