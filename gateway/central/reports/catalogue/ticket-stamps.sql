-- with: vouchers, tickets
SELECT listed_at, order_ref, ordered_at, code, holder, payer, product, product_label, session, starts_at,
       valid_from, valid_until, audience, audience_label, persons, status, payment, attention, stamps, admitted,
       first_at, first_reader, last_at, last_reader, destroyed_at, source
  FROM asked ORDER BY listed_at, code LIMIT :limit OFFSET :skip
