"""Times that callers send."""

from gateway.http.problems import invalid
from gateway.venue.times import read


def instant(field: str, text: str) -> int:
    """Read a time that a caller sent (422 with the field's name)."""
    try:
        return read(text)
    except (ValueError, OverflowError) as error:
        raise invalid(field, f"Not a time in RFC 3339: {error}.") from None
