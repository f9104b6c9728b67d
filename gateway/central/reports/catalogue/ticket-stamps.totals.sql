-- with: vouchers, tickets
SELECT count(*) AS tickets, coalesce(sum(persons), 0) AS persons, coalesce(sum(stamps), 0) AS stamps,
       coalesce(sum(admitted), 0)::bigint AS admitted
  FROM asked
