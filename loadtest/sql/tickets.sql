-- Tickets $2 … $3 - 1 of a series: undated, good for one stamp anywhere, with a holder of 20 bytes.
-- $1 is the tag; the rest of the code is the number, scattered over 40 bits, in base32
-- (loadtest/codes.py says why, and must agree).
INSERT INTO composteur.ticket (code, product, holder)
SELECT $1
    || substr(letters, (place >> 35 & 31)::int + 1, 1)
    || substr(letters, (place >> 30 & 31)::int + 1, 1)
    || substr(letters, (place >> 25 & 31)::int + 1, 1)
    || substr(letters, (place >> 20 & 31)::int + 1, 1)
    || substr(letters, (place >> 15 & 31)::int + 1, 1)
    || substr(letters, (place >> 10 & 31)::int + 1, 1)
    || substr(letters, (place >> 5 & 31)::int + 1, 1)
    || substr(letters, (place & 31)::int + 1, 1),
    'loadtest',
    'Visitor ' || lpad(number::text, 12, '0')
FROM (
    SELECT number, number * 1640531527 % 1099511627776 AS place, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567' AS letters
    FROM generate_series($2::bigint, $3::bigint - 1) AS number
) AS numbered
