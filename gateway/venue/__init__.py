"""The running venue: lanes, spaces, boards, the live bus, settling and local policy."""
