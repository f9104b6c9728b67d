-- What the database itself says of the tables that can be imported.

-- name: columns
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS needed,
       pg_get_expr(d.adbin, d.adrelid) AS default
  FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attrelid = ('composteur.' || $1)::regclass AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum

-- name: constraints
-- CHECK constraints as expressions, foreign keys as the table they refer to.
SELECT c.conname AS name,
       CASE c.contype WHEN 'c' THEN pg_get_expr(c.conbin, c.conrelid) END AS expression,
       CASE c.contype WHEN 'f' THEN f.relname END AS refers_to,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
              WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)) AS columns
  FROM pg_constraint c LEFT JOIN pg_class f ON f.oid = c.confrelid
 WHERE c.conrelid = ('composteur.' || $1)::regclass AND c.contype IN ('c', 'f')
 ORDER BY c.conname

-- name: seen
-- The keys of all rows of a file, of rejected ones too. Beside it `staged_row` has the columns of the file.
CREATE TEMPORARY TABLE seen_key (key text) ON COMMIT DROP

-- name: canonical_keys
UPDATE seen_key SET key = composteur.canonical_code(key) WHERE key !~ '^[A-Z2-7]{13,26}$'

-- name: live
-- Tickets of the file's sources that could be used.
SELECT count(*) FROM composteur.ticket
 WHERE source IN (SELECT source FROM staged_row) AND status NOT IN ('cancelled', 'replaced')

-- name: gone
SELECT count(*) FROM composteur.ticket t
 WHERE t.source IN (SELECT source FROM staged_row) AND t.status NOT IN ('cancelled', 'replaced')
   AND NOT EXISTS (SELECT FROM seen_key k WHERE k.key = t.code)

-- name: cancel_gone
WITH gone AS (
    UPDATE composteur.ticket t SET status = 'cancelled'
     WHERE t.source IN (SELECT source FROM staged_row) AND t.status NOT IN ('cancelled', 'replaced')
       AND NOT EXISTS (SELECT FROM seen_key k WHERE k.key = t.code)
    RETURNING 1
)
SELECT count(*) FROM gone
