"""The entitlement store, where one atomic function checks, stamps and records a ticket."""
