"""A museum and its visitors: a client of the gateway like any other."""
