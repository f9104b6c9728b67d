"""The site file: its models, its loading, and errors that say where they are."""
