-- Keep the streamer from writing, as a database that is away would, until the transaction ends.
LOCK TABLE composteur.scan_event IN ACCESS EXCLUSIVE MODE
