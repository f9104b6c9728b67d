-- The course of a day: who came, who is expected, who came the same day a week before.

-- name: moved
-- Persons who went in and out, by steps of the local day. $1 site, $2 and $3 the day in UTC, $4 the
-- zone, $5 minutes of a step, $6 the spaces whose readers count.
SELECT extract(epoch FROM (minute AT TIME ZONE $4)
                          - date_trunc('day', $2::timestamptz AT TIME ZONE $4))::integer / ($5::integer * 60) AS step,
       coalesce(sum(persons) FILTER (WHERE direction = 'entry'), 0)::integer AS entries,
       coalesce(sum(persons) FILTER (WHERE direction = 'exit'), 0)::integer AS exits
  FROM composteur.attendance
 WHERE site = $1 AND minute >= $2 AND minute < $3 AND space = ANY($6::text[])
 GROUP BY 1 ORDER BY 1

-- name: sold
-- The sessions that begin on a day, and the persons sold for each. $1 and $2 the day in UTC, $3 the
-- spaces that count: where it takes place, else where its product lets in; none named: anywhere.
SELECT s.id, s.starts_at, p.margin_before_s,
       (SELECT coalesce(sum(t.persons), 0) FROM composteur.ticket t
         WHERE t.session = s.id AND t.status IN ('active', 'unpaid'))::integer AS persons
  FROM composteur.session s JOIN composteur.product p ON p.id = s.product
 WHERE s.starts_at >= $1 AND s.starts_at < $2
   AND CASE WHEN s.space IS NOT NULL THEN s.space = ANY($3::text[])
            ELSE p.spaces IS NULL OR p.spaces && $3::text[] END
 ORDER BY s.starts_at, s.id
