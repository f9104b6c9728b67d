-- The acts of people.

-- name: add
-- To the end of the site's chain, once each.
SELECT composteur.add_acts($1, $2, $3, $4, $5, $6, $7)

-- name: newest
SELECT id, (date_part('epoch', at) * 1000)::bigint AS at, who, what, subject AS "on",
       details::text AS details
  FROM composteur.audit
 WHERE site = $1 AND ($2::text IS NULL OR id < $2)
 ORDER BY id DESC LIMIT $3

-- name: head
SELECT seq, hash, closed FROM composteur.audit_head WHERE site = $1

-- name: links
-- The chain of a site behind a place, with the words of each act as they are hashed.
SELECT a.seq, a.id, a.what, a.salt, a.seal, a.hash, a.redacted_at IS NOT NULL AS redacted,
       composteur.audit_words(a) AS words, a.details::text AS details
  FROM composteur.audit a
 WHERE a.site = $1 AND a.seq > $2
 ORDER BY a.seq LIMIT $3

-- name: of_subject
SELECT id, at, who, what, subject, details::text AS details
  FROM composteur.audit WHERE subject = $1 ORDER BY seq
