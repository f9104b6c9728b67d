"""Times as the contract writes them: RFC 3339, milliseconds, the site's offset.

Most scans of a minute share their minute, so that everything but the seconds is kept.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from gateway.http.problems import invalid

MINUTE_MS = 60_000
KEPT = 4096


class Times:
    """Write instants in a site's zone.

    >>> Times(ZoneInfo("Europe/Paris")).write(1_763_759_123_456)
    '2025-11-21T22:05:23.456+01:00'
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._minutes: dict[int, tuple[str, str]] = {}
        self._seconds: dict[int, str] = {}

    def write(self, at: int) -> str:
        """Write milliseconds since the epoch."""
        minute, rest = divmod(at, MINUTE_MS)
        parts = self._minutes.get(minute)
        if parts is None:
            parts = self._minute(minute)
        return f"{parts[0]}{rest // 1000:02d}.{rest % 1000:03d}{parts[1]}"

    def write_or_none(self, at: int | None) -> str | None:
        """Write milliseconds since the epoch, if there are any."""
        return None if at is None else self.write(at)

    def write_bound(self, at: int | None) -> str | None:
        """Write a bound of a window, in whole seconds since the epoch; bounds are kept whole."""
        if at is None:
            return None
        text = self._seconds.get(at)
        if text is None:
            if len(self._seconds) >= KEPT:
                self._seconds.clear()
            text = self._seconds[at] = self.write(at * 1000)
        return text

    def _minute(self, minute: int) -> tuple[str, str]:
        try:
            moment = datetime.fromtimestamp(minute * 60, UTC).astimezone(self._zone)
        except (ValueError, OverflowError, OSError):  # beyond the years 1 to 9999
            moment = datetime.max.replace(tzinfo=UTC) if minute > 0 else _FIRST
        text = moment.isoformat(timespec="minutes")
        if len(self._minutes) >= KEPT:
            self._minutes.clear()
        parts = self._minutes[minute] = (f"{text[:16]}:", text[16:])
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


def instant(field: str, text: str) -> int:
    """Read a time that a caller sent (422 with the field's name)."""
    try:
        return read(text)
    except (ValueError, OverflowError) as error:
        raise invalid(field, f"Not a time in RFC 3339: {error}.") from None
