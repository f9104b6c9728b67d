-- Change tickets $2 … $3 - 1 of a series at once, as a seller's nightly run does.
UPDATE composteur.ticket SET holder = replace(holder, 'Visitor', 'Changed')
WHERE code LIKE $1 || '%' AND holder BETWEEN 'Visitor ' || lpad($2::bigint::text, 12, '0')
    AND 'Visitor ' || lpad(($3::bigint - 1)::text, 12, '0')
