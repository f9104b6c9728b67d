"""Tests of real processes, which get killed."""
