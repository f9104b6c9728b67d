-- How many passages the central database has counted.
SELECT count(*) FROM composteur.scan_event WHERE kind = 'passage'
