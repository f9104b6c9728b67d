-- Calls to webhooks.

-- name: call
-- In the streamer's transaction: a call for each event of a batch that a webhook is to be told of.
-- $2 and $3 are pairs: a webhook and a type it wants.
INSERT INTO composteur.webhook_call (site, webhook, type, event_id, at)
SELECT $1, w.id, e.type, e.event_id, to_timestamp(e.at / 1000::float8)
  FROM (SELECT event_id, at, line,
               CASE kind WHEN 's' THEN CASE decision WHEN 'g' THEN 'granted' WHEN 'd' THEN 'denied' END
                         WHEN 'p' THEN 'passed' WHEN 'a' THEN 'annulled' WHEN 'u' THEN 'undone'
                         WHEN 'd' THEN 'destroyed' END AS type
          FROM staged_event) AS e
  JOIN unnest($2::text[], $3::text[]) AS w (id, type) ON w.type = e.type
 ORDER BY e.line

-- name: tell
-- A call for each alarm that none was made of yet; the marks of those forgotten elsewhere go.
-- $2 to $5: each alarm's mark, type, instant and words; $6 and $7: webhooks and what they want.
WITH forgotten AS (
    DELETE FROM composteur.webhook_told
     WHERE site = $1 AND NOT ref = ANY($2::text[]) AND told_at < now() - interval '1 hour'
), fresh AS (
    INSERT INTO composteur.webhook_told (site, ref) SELECT $1, ref FROM unnest($2::text[]) AS a (ref)
    ON CONFLICT DO NOTHING RETURNING ref
)
INSERT INTO composteur.webhook_call (site, webhook, type, at, facts)
SELECT $1, w.id, a.type, a.at, a.facts::jsonb
  FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[]) AS a (ref, type, at, facts)
  JOIN fresh USING (ref)
  JOIN unnest($6::text[], $7::text[]) AS w (id, type) ON w.type = a.type
 ORDER BY a.at

-- name: lead
-- One gateway of a site sends.
SELECT pg_try_advisory_lock(hashtext('composteur.webhooks'), hashtext($1))

-- name: due
-- The oldest calls to a webhook, with what they tell; `gone`: the event is past its retention.
SELECT c.id, c.type, c.facts::text AS facts, c.facts IS NULL AND e.event_id IS NULL AS gone,
       c.event_id, c.at, e.site, e.kind, e.of, e.ticket_code, e.product, e.session, e.space,
       e.reader, e.operator, e.direction, e.decision, e.reason, e.persons, e.audience,
       e.counted_persons, e.counted_stamps, e.device_at, e.offline, e.degraded, e.override_reason,
       e.conflict_with
  FROM composteur.webhook_call c
  LEFT JOIN composteur.scan_event e ON e.event_id = c.event_id AND e.at = c.at
 WHERE c.site = $1 AND c.webhook = $2 AND c.refused IS NULL
 ORDER BY c.id LIMIT $3

-- name: taken
DELETE FROM composteur.webhook_call WHERE id = ANY($1::bigint[])

-- name: set_aside
UPDATE composteur.webhook_call SET refused = $2 WHERE id = $1

-- name: give_up
UPDATE composteur.webhook_call SET refused = $4
 WHERE site = $1 AND webhook = $2 AND refused IS NULL AND made_at < now() - $3::integer * interval '1 hour'

-- name: again
UPDATE composteur.webhook_call SET refused = NULL, made_at = now()
 WHERE site = $1 AND webhook = $2 AND refused IS NOT NULL

-- name: tidy
-- Calls to webhooks that are no more, and what was set aside a month ago.
DELETE FROM composteur.webhook_call
 WHERE site = $1 AND (NOT webhook = ANY($2::text[])
                      OR (refused IS NOT NULL AND made_at < now() - interval '30 days'))

-- name: standing
SELECT webhook, count(*) FILTER (WHERE refused IS NULL) AS waiting,
       min(made_at) FILTER (WHERE refused IS NULL) AS since,
       count(*) FILTER (WHERE refused IS NOT NULL) AS set_aside, max(refused) AS refused
  FROM composteur.webhook_call WHERE site = $1 GROUP BY webhook
