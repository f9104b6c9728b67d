"""Times as the contract writes them: RFC 3339, milliseconds, the site's offset.

Scans of a second share all but the milliseconds, so that the rest is kept.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

KEPT = 4096
"""Seconds, and bounds of windows, that are kept written."""

_MILLISECONDS = tuple(f".{rest:03d}" for rest in range(1000))


class Times:
    """Write instants in a site's zone.

    >>> Times(ZoneInfo("Europe/Paris")).write(1_763_759_123_456)
    '2025-11-21T22:05:23.456+01:00'
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._seconds: dict[int, tuple[str, str]] = {}
        self._bounds: dict[int, str] = {}

    def write(self, at: int) -> str:
        """Write milliseconds since the epoch."""
        second = at // 1000
        parts = self._seconds.get(second)
        if parts is None:
            parts = self._second(second)
        return parts[0] + _MILLISECONDS[at % 1000] + parts[1]

    def write_or_none(self, at: int | None) -> str | None:
        """Write milliseconds since the epoch, if there are any."""
        return None if at is None else self.write(at)

    def write_bound(self, at: int | None) -> str | None:
        """Write a bound of a window, in whole seconds since the epoch; bounds are kept whole."""
        if at is None:
            return None
        text = self._bounds.get(at)
        if text is None:
            if len(self._bounds) >= KEPT:
                self._bounds.clear()
            text = self._bounds[at] = self.write(at * 1000)
        return text

    def _second(self, second: int) -> tuple[str, str]:
        try:
            moment = datetime.fromtimestamp(second, UTC).astimezone(self._zone)
        except (ValueError, OverflowError, OSError):  # beyond the years 1 to 9999
            moment = datetime.max.replace(tzinfo=UTC) if second > 0 else _FIRST
        text = moment.isoformat(timespec="seconds")
        if len(self._seconds) >= KEPT:
            self._seconds.clear()
        parts = self._seconds[second] = (text[:19], text[19:])
        return parts


_FIRST = datetime.min.replace(tzinfo=UTC)


def read(text: str) -> int:
    """Read an RFC 3339 time with any offset; return milliseconds since the epoch.

    >>> read("2025-11-21T22:05:23.456+01:00")
    1763759123456

    Raises:
        ValueError: it is no time, or has no offset.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs an offset, such as Z or +01:00")
    return to_ms(moment)


def to_ms(moment: datetime) -> int:
    """Turn an aware datetime into milliseconds since the epoch."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
