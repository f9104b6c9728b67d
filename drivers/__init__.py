"""The wires: bytes become signals, commands become bytes; no ticket and no space is known."""
