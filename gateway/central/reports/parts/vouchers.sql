-- Tickets of several windows of which one may be used in the period. The period's sessions are found
-- once, not for each ticket.
voucher AS MATERIALIZED (
    SELECT t.* FROM composteur.ticket t
     WHERE t.windows IS NOT NULL
       AND EXISTS (SELECT FROM jsonb_array_elements(t.windows) AS e (w)
                    WHERE CASE WHEN e.w ? 'session'
                               THEN e.w ->> 'session' IN (SELECT s.id FROM composteur.session s
                                                           WHERE s.starts_at >= :from::timestamptz
                                                             AND s.starts_at < :to::timestamptz)
                               ELSE coalesce(composteur.instant(e.w ->> 'from') < :to::timestamptz, true)
                                    AND coalesce(composteur.instant(e.w ->> 'until') >= :from::timestamptz, true) END)
       AND (:session::text[] IS NULL OR EXISTS (SELECT FROM jsonb_array_elements(t.windows) AS e (w)
                                                 WHERE e.w ->> 'session' = ANY(:session::text[])))
)
