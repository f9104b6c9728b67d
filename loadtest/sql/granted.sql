-- How many granted scans the central database has counted.
SELECT count(*) FROM composteur.scan_event WHERE kind = 'scan' AND decision = 'granted'
