-- Sessions whose figures do not hold: touched since they were counted, or named by events that are not
-- rolled up yet.
changed AS MATERIALIZED (
    SELECT session FROM composteur.session_touched
    UNION
    SELECT e.session
      FROM composteur.site g JOIN composteur.scan_event e ON e.site = g.id AND e.at >= g.hours_until
     WHERE e.session IS NOT NULL
)
