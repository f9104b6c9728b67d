-- From the event stream into the database. One event is one line of COPY text, taken as it is, with
-- its id before it; the letters are those of the store's functions.

-- name: settings
-- A commit need not wait for the disk: position and events go together, and the stream keeps what is
-- younger than ten minutes, so that a crash of the database costs a second reading, nothing else.
SET synchronous_commit = off

-- name: stage
-- The lines of one transaction as the store wrote them, in the order of the stream, which is that of
-- `ctid`; and what they say, worked out where a statement asks for it. What most of the statements
-- below ask for comes first: to reach a column PostgreSQL walks over those before it.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_line (
    placed_at          bigint,
    after_place        bigint,
    kind               text,
    of                 text,
    deadline           bigint,
    made               integer,
    ticket_code        text,
    counted_persons    integer,
    counted_stamps     integer,
    space              text,
    product            text,
    audience           text,
    reader             text,
    direction          text,
    event_id           text,
    told_memory        text,
    persons            integer,
    session            text,
    operator           text,
    decision           text,
    reason             text,
    made_by_window     integer[],
    persons_by_window  integer[],
    day                integer,
    made_on_day        integer,
    first_at           bigint,
    first_reader       text,
    last_at            bigint,
    last_reader        text,
    inside             text,
    origin             text,
    inside_persons     integer,
    moved_at           bigint,
    destroyed_at       bigint,
    device_at          bigint,
    offline            boolean,
    degraded           boolean,
    override_reason    text,
    conflict_with      text,
    memories           text[]  -- of a ticket with several lines here (fold)
) ON COMMIT DELETE ROWS;
CREATE OR REPLACE TEMPORARY VIEW staged_event AS
SELECT *, ctid AS line, placed_at + coalesce(after_place, 0) AS at,
       -- hash,persons,passed,window,flags; or hash,flags where the rest follows (gateway/tickets/event.py)
       CASE WHEN told_memory LIKE '%,%,%' THEN told_memory
            ELSE replace(told_memory, ',',
                         ',' || persons || CASE WHEN told_memory LIKE '%,c%' THEN ',' || persons ELSE ',0' END
                         || ',1,') END AS memory
  FROM staged_line;
CREATE OR REPLACE TEMPORARY VIEW staged_state AS
SELECT ticket_code AS code, made, coalesce(made_by_window, ARRAY[made]) AS made_by_window,
       coalesce(persons_by_window, made_by_window, ARRAY[made]) AS persons_by_window,
       day, CASE WHEN made_on_day IS NOT NULL THEN at END AS day_of,
       coalesce(made_on_day, 0) AS made_on_day,
       to_timestamp((at + first_at) / 1000::float8) AS first_at,
       CASE first_reader WHEN '=' THEN reader ELSE first_reader END AS first_reader,
       to_timestamp((at + last_at) / 1000::float8) AS last_at,
       CASE last_reader WHEN '=' THEN reader ELSE last_reader END AS last_reader,
       CASE inside WHEN '=' THEN space ELSE inside END AS inside, origin,
       coalesce(inside_persons, (inside IS NOT NULL)::integer) AS inside_persons,
       to_timestamp((at + moved_at) / 1000::float8) AS moved_at,
       to_timestamp((at + destroyed_at) / 1000::float8) AS destroyed_at,
       event_id AS last_event,
       coalesce(memories, CASE WHEN told_memory IS NULL THEN '{}'
                               ELSE ARRAY[CASE kind WHEN 's' THEN event_id ELSE of END || ',' || memory] END)
           AS nonces
  FROM staged_event WHERE made IS NOT NULL AND ticket_code IS NOT NULL

-- name: lead
-- One gateway streams a site; the others see that it does.
SELECT pg_try_advisory_lock(hashtext('composteur.streamer'), hashtext($1))

-- name: lock
-- The row is not locked against the sellers' side, which may only look at it. With it the time that
-- the events span, its first and last local day, whether all that tell a ticket's state are first
-- stamps, and until when hours are rolled up.
SELECT site.position, site.epoch, site.hours_until,
       CASE WHEN isfinite(site.hours_until) THEN (date_part('epoch', site.hours_until) * 1000)::bigint
            ELSE 0 END AS rolled_until,
       staged.earliest, staged.latest, staged.first_stamps,
       to_char(to_timestamp(earliest / 1000) AT TIME ZONE $2, 'YYYYMMDD')::integer AS first_day,
       to_char(to_timestamp(latest / 1000) AT TIME ZONE $2, 'YYYYMMDD')::integer AS last_day
  FROM composteur.site,
       (SELECT min(at) AS earliest, max(at) AS latest,
               bool_and(made IS NULL OR (made = 1 AND kind = 's' AND first_at IS NOT DISTINCT FROM 0)) AS first_stamps
          FROM staged_event) AS staged
 WHERE site.id = $1 FOR NO KEY UPDATE OF site

-- name: partitions
SELECT composteur.make_scan_event_partition(month)
  FROM (SELECT DISTINCT date_trunc('month', to_timestamp(at / 1000::float8), 'UTC') AS month
          FROM staged_event) AS needed

-- name: drop_known
-- In recovery: what the database has already.
DELETE FROM staged_line s USING composteur.scan_event e WHERE e.event_id = s.event_id

-- name: record
WITH events AS (
    INSERT INTO composteur.scan_event
    SELECT event_id, to_timestamp(at / 1000::float8), $1,
           CASE kind WHEN 's' THEN 'scan' WHEN 'p' THEN 'passage' WHEN 'a' THEN 'annulled'
                     WHEN 'u' THEN 'undo' WHEN 'd' THEN 'destroy' WHEN 'c' THEN 'count'
                     WHEN 't' THEN 'untracked' END,
           of, ticket_code, product, session, space, reader, operator,
           CASE direction WHEN 'e' THEN 'entry' WHEN 'x' THEN 'exit' END,
           CASE decision WHEN 'g' THEN 'granted' WHEN 'd' THEN 'denied' END,
           reason, persons,
           CASE WHEN audience IS NULL THEN 'individual' WHEN audience = 'g' THEN 'group' END,
           coalesce(counted_persons, 0), coalesce(counted_stamps, 0),
           to_timestamp(device_at / 1000::float8), coalesce(offline, false),
           coalesce(degraded, false), override_reason, conflict_with
      FROM staged_event
)
INSERT INTO composteur.attendance AS a
       (minute, site, space, product, audience, reader, direction, persons, stamps)
SELECT to_timestamp(minute * 60), $1, space, product, audience, reader, direction, persons, stamps
  FROM (SELECT at / 60000 AS minute, coalesce(space, '') AS space, coalesce(product, '') AS product,
               CASE WHEN audience IS NULL THEN 'individual' WHEN audience = 'g' THEN 'group'
                    ELSE '' END AS audience,
               coalesce(reader, '') AS reader,
               CASE direction WHEN 'e' THEN 'entry' WHEN 'x' THEN 'exit' ELSE '' END AS direction,
               sum(counted_persons) AS persons, sum(counted_stamps) AS stamps
          FROM (SELECT at, space, product, audience, reader, direction,
                       coalesce(counted_persons, 0) AS counted_persons,
                       coalesce(counted_stamps, 0) AS counted_stamps
                  FROM staged_event WHERE counted_persons <> 0 OR counted_stamps <> 0) AS counted
         GROUP BY 1, 2, 3, 4, 5, 6) AS added
    ON CONFLICT (site, minute, space, product, audience, reader, direction)
    DO UPDATE SET persons = a.persons + excluded.persons, stamps = a.stamps + excluded.stamps

-- name: fold
-- Where a ticket has several lines that tell its state, leave it to the last, with the memories of
-- all.
WITH several AS (
    SELECT ticket_code, max(line) AS last,
           composteur.merged_nonces('{}', coalesce(array_agg(
               CASE kind WHEN 's' THEN event_id ELSE of END || ',' || memory ORDER BY line)
               FILTER (WHERE memory IS NOT NULL), '{}')) AS memories
      FROM staged_event WHERE made IS NOT NULL AND ticket_code IS NOT NULL
     GROUP BY ticket_code HAVING count(*) > 1
)
UPDATE staged_line l
   SET made = CASE WHEN l.ctid = s.last THEN l.made END, memories = s.memories
  FROM several s WHERE l.ticket_code = s.ticket_code AND l.made IS NOT NULL

-- name: first_state
-- The state of tickets that have none yet, as far as their events tell: what "state" has to look for
-- in the table, and lock, costs half as much again. A violation of its key if there is one.
INSERT INTO composteur.ticket_state
       (code, made, made_by_window, persons_by_window, day, made_on_day, first_at, first_reader,
        last_at, last_reader, inside, origin, inside_persons, moved_at, destroyed_at, last_event,
        nonces)
SELECT code, made, made_by_window, persons_by_window,
       coalesce(day, CASE WHEN day_of IS NOT NULL
                THEN coalesce($2, to_char(to_timestamp(day_of / 1000) AT TIME ZONE $1, 'YYYYMMDD')::integer)
                END),
       made_on_day, first_at, first_reader, last_at, last_reader, inside, origin, inside_persons,
       moved_at, destroyed_at, last_event, nonces
  FROM staged_state ORDER BY code

-- name: state
-- The state of each ticket. In the order of their codes, as everybody who locks these rows.
INSERT INTO composteur.ticket_state AS t
       (code, made, made_by_window, persons_by_window, day, made_on_day, first_at, first_reader,
        last_at, last_reader, inside, origin, inside_persons, moved_at, destroyed_at, last_event,
        nonces)
SELECT code, made, made_by_window, persons_by_window,
       coalesce(day, CASE WHEN day_of IS NOT NULL
                THEN coalesce($2, to_char(to_timestamp(day_of / 1000) AT TIME ZONE $1, 'YYYYMMDD')::integer)
                END),
       made_on_day, first_at, first_reader, last_at, last_reader, inside, origin, inside_persons,
       moved_at, destroyed_at, last_event, nonces
  FROM staged_state ORDER BY code
    ON CONFLICT (code) DO UPDATE SET
       made = excluded.made, made_by_window = excluded.made_by_window,
       persons_by_window = excluded.persons_by_window, day = excluded.day,
       made_on_day = excluded.made_on_day, first_at = excluded.first_at,
       first_reader = excluded.first_reader, last_at = excluded.last_at,
       last_reader = excluded.last_reader, inside = excluded.inside, origin = excluded.origin,
       inside_persons = excluded.inside_persons, moved_at = excluded.moved_at,
       destroyed_at = coalesce(t.destroyed_at, excluded.destroyed_at),
       last_event = excluded.last_event,
       nonces = CASE WHEN excluded.nonces = '{}' THEN t.nonces
                     WHEN t.nonces = '{}' THEN excluded.nonces
                     ELSE composteur.merged_nonces(t.nonces, excluded.nonces) END

-- name: recovered
-- In recovery the store may have decided without knowing stamps that are here: what its events add
-- is added to what is here, instead of taking its word for the whole.
WITH told AS (
    SELECT DISTINCT ON (ticket_code) *,
           coalesce(day, CASE WHEN made_on_day IS NOT NULL
               THEN to_char(to_timestamp(at / 1000) AT TIME ZONE $1, 'YYYYMMDD')::integer END) AS local_day
      FROM staged_event
     WHERE made IS NOT NULL AND ticket_code IS NOT NULL ORDER BY ticket_code, line DESC
), added AS (
    SELECT ticket_code,
           sum(CASE kind WHEN 's' THEN CASE WHEN deadline IS NOT NULL AND what = 's' THEN 1
                                            ELSE coalesce(counted_stamps, 0) END
                         WHEN 'a' THEN CASE WHEN what = 's' AND split_part(memory, ',', 3) = '0'
                                            THEN -1 ELSE 0 END
                         WHEN 'u' THEN coalesce(counted_stamps, 0) ELSE 0 END)::integer AS stamps,
           sum(CASE WHEN what NOT IN ('s', 'p') THEN 0
                    WHEN kind = 's' THEN persons
                    WHEN kind IN ('a', 'u') THEN -persons ELSE 0 END)::integer AS persons,
           array_agg(CASE kind WHEN 's' THEN event_id ELSE of END || ',' || memory ORDER BY line)
               FILTER (WHERE memory IS NOT NULL) AS entries
      FROM (SELECT *, coalesce(substr(split_part(memory, ',', 5), 2, 1), 's') AS what
              FROM staged_event WHERE made IS NOT NULL AND ticket_code IS NOT NULL) AS events
     GROUP BY ticket_code
), known AS (
    SELECT e.*, a.stamps, coalesce(a.entries, '{}') AS entries, t.code IS NOT NULL AS here,
           t.made AS made_here, t.made + a.stamps = e.made AS agreed,
           coalesce(nullif(split_part(e.memory, ',', 4), '')::integer, 1) AS place, a.persons AS came,
           t.made_by_window AS made_here_by_window, t.persons_by_window AS persons_here_by_window,
           t.day AS day_here, t.made_on_day AS made_on_day_here, t.first_at AS first_at_here,
           t.first_reader AS first_reader_here, t.destroyed_at AS destroyed_at_here,
           t.nonces AS nonces_here
      FROM told e
      JOIN added a ON a.ticket_code = e.ticket_code
      LEFT JOIN composteur.ticket_state t ON t.code = e.ticket_code
)
INSERT INTO composteur.ticket_state
       (code, made, made_by_window, persons_by_window, day, made_on_day, first_at, first_reader,
        last_at, last_reader, inside, origin, inside_persons, moved_at, destroyed_at, last_event,
        nonces)
SELECT ticket_code,
       CASE WHEN here THEN greatest(made_here + stamps, 0) ELSE made END,
       CASE WHEN here AND NOT agreed THEN composteur.with_added(made_here_by_window, place, stamps)
            ELSE coalesce(made_by_window, ARRAY[made]) END,
       CASE WHEN here AND NOT agreed THEN composteur.with_added(persons_here_by_window, place, came)
            ELSE coalesce(persons_by_window, made_by_window, ARRAY[made]) END,
       local_day,
       CASE WHEN here AND NOT agreed AND day_here = local_day THEN greatest(made_on_day_here + stamps, 0)
            ELSE coalesce(made_on_day, 0) END,
       CASE WHEN here AND NOT agreed AND first_at_here IS NOT NULL THEN first_at_here
            ELSE to_timestamp((at + first_at) / 1000::float8) END,
       CASE WHEN here AND NOT agreed AND first_at_here IS NOT NULL THEN first_reader_here
            ELSE CASE first_reader WHEN '=' THEN reader ELSE first_reader END END,
       to_timestamp((at + last_at) / 1000::float8),
       CASE last_reader WHEN '=' THEN reader ELSE last_reader END,
       CASE inside WHEN '=' THEN space ELSE inside END, origin, coalesce(inside_persons, (inside IS NOT NULL)::integer),
       to_timestamp((at + moved_at) / 1000::float8),
       coalesce(destroyed_at_here, to_timestamp((at + destroyed_at) / 1000::float8)),
       event_id, composteur.merged_nonces(coalesce(nonces_here, '{}'), entries)
  FROM known ORDER BY ticket_code
    ON CONFLICT (code) DO UPDATE SET
       made = excluded.made, made_by_window = excluded.made_by_window,
       persons_by_window = excluded.persons_by_window, day = excluded.day,
       made_on_day = excluded.made_on_day, first_at = excluded.first_at,
       first_reader = excluded.first_reader, last_at = excluded.last_at,
       last_reader = excluded.last_reader, inside = excluded.inside, origin = excluded.origin,
       inside_persons = excluded.inside_persons, moved_at = excluded.moved_at,
       destroyed_at = excluded.destroyed_at, last_event = excluded.last_event,
       nonces = excluded.nonces

-- name: advance
-- Reservations made and settled, and the position. A memory is hash,persons,passed,window,flags.
WITH settled AS (
    SELECT of, bool_or(kind <> 'p' OR memory IS NULL
                       OR split_part(memory, ',', 3)::integer >= split_part(memory, ',', 2)::integer)
               AS whole
      FROM staged_event WHERE kind IN ('p', 'a', 'u') AND of IS NOT NULL GROUP BY of
), made AS (
    INSERT INTO composteur.reservation (event_id, site, code, deadline, stamping, committed)
    SELECT e.event_id, $1, e.ticket_code, to_timestamp((e.at + e.deadline) / 1000::float8),
           coalesce(substr(split_part(e.memory, ',', 5), 2, 1) = 's', true), s.of IS NOT NULL
      FROM staged_event e LEFT JOIN settled s ON s.of = e.event_id
     WHERE e.deadline IS NOT NULL AND e.ticket_code IS NOT NULL AND s.whole IS NOT TRUE
), closed AS (
    DELETE FROM composteur.reservation r USING settled s WHERE r.event_id = s.of AND s.whole
), begun AS (
    UPDATE composteur.reservation r SET committed = true
      FROM settled s WHERE r.event_id = s.of AND NOT s.whole AND NOT r.committed
)
UPDATE composteur.site SET position = coalesce($2, position) WHERE id = $1

-- name: reject
INSERT INTO composteur.event_rejected (site, position, line, error) VALUES ($1, $2, $3, $4)
    ON CONFLICT (site, position) DO NOTHING

-- name: skip
UPDATE composteur.site SET position = $2 WHERE id = $1

-- name: rejected
SELECT position, error, noted_at FROM composteur.event_rejected WHERE site = $1 ORDER BY noted_at
