"""What a ticket is and when it opens a gate: pure codes, windows, rules, reasons and messages."""
