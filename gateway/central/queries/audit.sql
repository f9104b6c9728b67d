-- The acts of people.

-- name: add
INSERT INTO composteur.audit (site, id, at, who, what, subject, details)
SELECT $1, a.id, a.at, a.who, a.what, a.subject, a.details::jsonb
  FROM unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[])
       AS a (id, at, who, what, subject, details)
    ON CONFLICT DO NOTHING

-- name: newest
SELECT id, (date_part('epoch', at) * 1000)::bigint AS at, who, what, subject AS "on",
       details::text AS details
  FROM composteur.audit
 WHERE site = $1 AND ($2::text IS NULL OR id < $2)
 ORDER BY id DESC LIMIT $3
