-- An order of a seller whose shop is asked. Rows come as one JSON array.

-- name: lock
-- One order is fetched and written by one at a time, so that an older answer never comes last.
SELECT pg_advisory_xact_lock(hashtext('composteur.source'), hashtext($1))

-- name: products
INSERT INTO composteur.product (id, label)
SELECT id, label FROM jsonb_to_recordset($1::jsonb) AS p (id text, label text) ORDER BY id
    ON CONFLICT (id) DO NOTHING

-- name: sessions
INSERT INTO composteur.session (id, product, starts_at, ends_at, label)
SELECT id, product, starts_at, ends_at, label
  FROM jsonb_to_recordset($1::jsonb)
       AS s (id text, product text, starts_at timestamptz, ends_at timestamptz, label text)
 ORDER BY id
    ON CONFLICT (id) DO UPDATE SET product = excluded.product, starts_at = excluded.starts_at,
       ends_at = excluded.ends_at, label = excluded.label

-- name: tickets
INSERT INTO composteur.ticket
       (code, product, session, valid_from, valid_until, order_ref, ordered_at, payer, holder,
        status, attention, source)
SELECT code, product, session, valid_from, valid_until, order_ref, ordered_at, payer, holder,
       status, attention, source
  FROM jsonb_to_recordset($1::jsonb)
       AS t (code text, product text, session text, valid_from timestamptz, valid_until timestamptz,
             order_ref text, ordered_at timestamptz, payer text, holder text, status text,
             attention boolean, source text)
 ORDER BY composteur.canonical_code(code)
    ON CONFLICT (code) DO UPDATE SET product = excluded.product, session = excluded.session,
       valid_from = excluded.valid_from, valid_until = excluded.valid_until,
       order_ref = excluded.order_ref, ordered_at = excluded.ordered_at, payer = excluded.payer,
       holder = excluded.holder, status = excluded.status, attention = excluded.attention,
       source = excluded.source

-- name: rest
-- What the order has no more (a ticket whose code was made anew has another) is cancelled.
WITH cancelled AS (
    UPDATE composteur.ticket SET status = 'cancelled'
     WHERE source = $1 AND order_ref = $2 AND status NOT IN ('cancelled', 'replaced')
       AND NOT code = ANY (SELECT composteur.canonical_code(c) FROM unnest($3::text[]) AS c)
    RETURNING 1
)
SELECT (SELECT count(*) FROM cancelled)
     + (SELECT count(*) FROM composteur.ticket
         WHERE source = $1 AND order_ref = $2 AND updated_at = now())
