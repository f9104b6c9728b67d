-- Whether the gateway has summed up all days but the last hours, and the sessions of $1 days but those
-- too young to be counted for good.
SELECT hours_until > now() - interval '2 hours' AND days_until = (now() AT TIME ZONE 'Europe/Paris')::date
       AND (SELECT count(*) FROM composteur.session_counted) >= ($1::integer - 3) * 10
  FROM composteur.site WHERE id = 'loadtest'
