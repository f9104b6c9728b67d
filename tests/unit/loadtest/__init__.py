"""The load generator's own arithmetic: what it counts must be right before it is believed."""
