-- Persons and stamps of a period: whole days, then whole hours, then the events themselves, each
-- instant once (periods.py).
counted AS (
    SELECT d.day, NULL::timestamptz AS hour, d.space, d.product, d.audience, d.reader, d.operator,
           d.direction, d.persons, d.stamps
      FROM composteur.attendance_day d
     WHERE d.site = :site AND d.day >= :days_from::date AND d.day < :days_to::date
    UNION ALL
    SELECT (h.hour AT TIME ZONE :zone)::date, h.hour, h.space, h.product, h.audience, h.reader, h.operator,
           h.direction, h.persons, h.stamps
      FROM unnest(:hours_from::timestamptz[], :hours_to::timestamptz[]) AS w (starts, ends)
      JOIN composteur.attendance_hour h ON h.site = :site AND h.hour >= w.starts AND h.hour < w.ends
    UNION ALL
    SELECT (e.at AT TIME ZONE :zone)::date, date_trunc('hour', e.at, :zone), e.space, e.product,
           e.audience, e.reader, e.operator, e.direction, e.persons, e.stamps
      FROM unnest(:moments_from::timestamptz[], :moments_to::timestamptz[]) AS w (starts, ends)
      JOIN composteur.tallied e ON e.site = :site AND e.at >= w.starts AND e.at < w.ends
     WHERE e.persons <> 0 OR e.stamps <> 0
), asked AS (
    SELECT * FROM counted
     WHERE (:space::text[] IS NULL OR space = ANY(:space::text[]))
       AND (:product::text[] IS NULL OR product = ANY(:product::text[]))
       AND (:audience::text[] IS NULL OR audience = ANY(:audience::text[]))
       AND (:reader::text[] IS NULL OR reader = ANY(:reader::text[]))
)
