"""Proof that the house stands, sorted by what it costs to run."""
