"""The asynchronous core: it takes a code from a reader, decides, and lets the visitor in."""
