"""The rules of a ticket."""
