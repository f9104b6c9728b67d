-- Whether this event is in the central database.
SELECT EXISTS (SELECT FROM composteur.scan_event WHERE event_id = $1)
