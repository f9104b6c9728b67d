"""Tests without input or output: seconds."""
