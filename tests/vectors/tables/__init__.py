"""Hand-made tables: what DESIGN says about each case, never what an engine answers."""
