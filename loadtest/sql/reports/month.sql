-- The partition that a day's events go to.
SELECT composteur.make_scan_event_partition(($1::date + time '12:00') AT TIME ZONE 'Europe/Paris')
