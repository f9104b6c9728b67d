"""What controls a turnstile, a door, a space: pure machines that know no ticket and no wire."""
