"""The people at the gateway: keys, roles, browser sessions and the audit of what they did."""
