"""What the handlers of one process share: the services and what is made from them once."""

from typing import Final

from aiohttp import web

from gateway.http.audience import Live
from gateway.http.files import Files
from gateway.http.responses import Head
from gateway.http.services import Services
from gateway.people.limits import Attempts
from gateway.tickets.messages import accept_language
from gateway.venue.answers import Answers
from gateway.venue.ingress import Courses
from gateway.venue.times import Times

_KEPT: Final = 1024


class Face:
    """The HTTP face of one process."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.times = Times(services.site.timezone)
        self.answers = Answers(self.times, services.site.id)
        self.head = Head()
        self.attempts = Attempts()
        self.live = Live(services, self.answers)
        self.courses = _courses(services)
        self.openapi = b""
        self.files = Files({}, "")
        self.sockets: set[web.WebSocketResponse] = set()
        self._languages: dict[str, str] = {}

    def language(self, header: str | None) -> str:
        """Choose among our languages by ``Accept-Language``; else the site's."""
        if header is None:
            return self.services.site.language
        chosen = self._languages.get(header)
        if chosen is None:
            chosen = accept_language(header, self.services.site.language)
            if len(self._languages) >= _KEPT:
                self._languages.clear()
            self._languages[header] = chosen
        return chosen


def _courses(services: Services) -> Courses | None:
    if services.central is None:
        return None
    return Courses(
        services.central,
        services.site.id,
        lambda: services.site.timezone,
        services.operations.readers,
        services.operations.spaces,
        services.monotonic,
    )
