"""The central database: its schema, the ticket feed, the event streamer, reports and imports."""
