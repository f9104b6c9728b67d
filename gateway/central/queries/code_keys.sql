-- Keys of signed and rotating codes. Instants are milliseconds.

-- name: list
SELECT id, kind, secret, public, label,
       (date_part('epoch', created_at) * 1000)::bigint AS created_at,
       (date_part('epoch', active_at) * 1000)::bigint AS active_at,
       (date_part('epoch', retires_at) * 1000)::bigint AS retires_at,
       (date_part('epoch', revoked_at) * 1000)::bigint AS revoked_at
  FROM composteur.code_key WHERE site = $1 ORDER BY id

-- name: put
INSERT INTO composteur.code_key
       (site, id, kind, secret, public, label, created_at, active_at, retires_at, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, to_timestamp($7::bigint / 1000::float8),
        to_timestamp($8::bigint / 1000::float8), to_timestamp($9::bigint / 1000::float8),
        to_timestamp($10::bigint / 1000::float8))
    ON CONFLICT (site, id) DO UPDATE
   SET active_at = excluded.active_at, retires_at = excluded.retires_at,
       revoked_at = excluded.revoked_at
