-- Tickets as the gateway itself writes and searches them.

-- name: by_order
SELECT code FROM composteur.ticket
 WHERE order_ref = $1 AND ($2::text IS NULL OR code > $2) ORDER BY code LIMIT $3

-- name: by_holder
-- Every word of the question begins a word of the name.
SELECT code FROM composteur.ticket
 WHERE to_tsvector('simple', holder) @@ to_tsquery('simple', (
           SELECT string_agg(quote_literal(word) || ':*', ' & ')
             FROM regexp_split_to_table(btrim($1), '\s+') AS word))
   AND holder IS NOT NULL AND ($2::text IS NULL OR code > $2) ORDER BY code LIMIT $3

-- name: by_order_and_holder
SELECT code FROM composteur.ticket
 WHERE order_ref = $1 AND lower(holder) LIKE '%' || lower($2) || '%'
   AND ($3::text IS NULL OR code > $3) ORDER BY code LIMIT $4

-- name: unknown_sessions
-- Sessions that windows name and nobody has written.
SELECT DISTINCT each.item ->> 'session' AS id
  FROM unnest($1::text[]) AS given(windows),
       jsonb_array_elements(given.windows::jsonb) AS each(item)
 WHERE each.item ->> 'session' IS NOT NULL
   AND NOT EXISTS (SELECT FROM composteur.session WHERE id = each.item ->> 'session')

-- name: put_ticket
INSERT INTO composteur.ticket
       (code, product, session, valid_from, valid_until, windows, order_ref, ordered_at, payer,
        holder, audience, audience_label, persons, spaces, status, hold_until, replaced_by,
        form_required, form_signed, attention, destroyed_at, source)
VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
        $19, $20, $21, $22)
    ON CONFLICT (code) DO UPDATE SET
       product = excluded.product, session = excluded.session, valid_from = excluded.valid_from,
       valid_until = excluded.valid_until, windows = excluded.windows,
       order_ref = excluded.order_ref, ordered_at = excluded.ordered_at, payer = excluded.payer,
       holder = excluded.holder, audience = excluded.audience,
       audience_label = excluded.audience_label, persons = excluded.persons,
       spaces = excluded.spaces, status = excluded.status, hold_until = excluded.hold_until,
       replaced_by = excluded.replaced_by, form_required = excluded.form_required,
       form_signed = excluded.form_signed, attention = excluded.attention,
       destroyed_at = excluded.destroyed_at, source = excluded.source
RETURNING code, rev
