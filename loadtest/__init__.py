"""Load generators, scenarios and baselines, which speak only the contracts, like any client."""
