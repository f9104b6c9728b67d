"""The dashboard and the handheld page, as static files."""
