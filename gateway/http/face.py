"""What the handlers of one process share: the services and what is made from them once."""

from typing import Final

from aiohttp import web

from gateway.http.answers import Answers
from gateway.http.audience import Live
from gateway.http.responses import Head
from gateway.http.services import Services
from gateway.http.times import Times
from gateway.people.limits import Attempts

LANGUAGES: Final = ("en", "fr", "de", "es")
_KEPT = 1024


class Face:
    """The HTTP face of one process."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.times = Times(services.site.timezone)
        self.answers = Answers(self.times, services.site.id)
        self.head = Head()
        self.attempts = Attempts()
        self.live = Live(services, self.answers)
        self.openapi = b""
        self.sockets: set[web.WebSocketResponse] = set()
        self._languages: dict[str, str] = {}

    def language(self, header: str | None) -> str:
        """Choose among our languages by ``Accept-Language``; else the site's."""
        if header is None:
            return self.services.site.language
        chosen = self._languages.get(header)
        if chosen is None:
            chosen = accepted(header) or self.services.site.language
            if len(self._languages) >= _KEPT:
                self._languages.clear()
            self._languages[header] = chosen
        return chosen


def accepted(header: str) -> str | None:
    """Return the first of our languages by the caller's weights.

    >>> accepted("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5")
    'fr'
    """
    best, best_weight = None, 0.0
    for part in header.split(","):
        tag, _, parameter = part.partition(";")
        language = tag.strip().lower().partition("-")[0]
        if language not in LANGUAGES:
            continue
        weight = _weight(parameter)
        if weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
