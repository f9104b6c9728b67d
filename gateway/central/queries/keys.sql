-- Keys of API callers. The hash stands for the secret, which is nowhere.

-- name: list
SELECT name, role, hash, reader, may, (date_part('epoch', created_at) * 1000)::bigint AS created_at
  FROM composteur.api_key WHERE site = $1 AND revoked_at IS NULL ORDER BY name

-- name: add
INSERT INTO composteur.api_key (site, name, hash, role, reader, may, created_at)
VALUES ($1, $2, $3, $4, $5, $6, to_timestamp($7::bigint / 1000::float8))
    ON CONFLICT (site, name) WHERE revoked_at IS NULL DO NOTHING
RETURNING name

-- name: lock
-- One who revokes at a time: two must not each leave the other's admin key as the last.
SELECT FROM composteur.site WHERE id = $1 FOR UPDATE

-- name: others
SELECT count(*) FROM composteur.api_key
 WHERE site = $1 AND role = 'admin' AND revoked_at IS NULL AND name <> $2

-- name: find
SELECT name, role, hash, reader, may, (date_part('epoch', created_at) * 1000)::bigint AS created_at
  FROM composteur.api_key WHERE site = $1 AND name = $2 AND revoked_at IS NULL

-- name: revoke
UPDATE composteur.api_key SET revoked_at = now()
 WHERE site = $1 AND name = $2 AND revoked_at IS NULL
