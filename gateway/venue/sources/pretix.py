"""pretix's interface, as far as it is asked: orders with their positions, products, dates.

Source: https://docs.pretix.eu/dev/api/resources/ (orders, items, subevents, events).
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import msgspec

from config import Source
from gateway.errors import ComposteurError

TIMEOUT_S: Final = 10.0
"""pretix itself waits 30 s for what it has called: an order needs up to four questions."""
_NOT_THERE: Final = frozenset({404, 410})
_DENIED: Final = frozenset({401, 403})
_LONGEST: Final = 32 * 1024 * 1024

type Names = dict[str, str]
"""A text in several languages."""


class SourceUnavailable(ComposteurError):
    """The seller does not answer, or not as expected."""


class Position(msgspec.Struct):
    """One ticket of an order."""

    positionid: int
    item: int
    secret: str
    variation: int | None = None
    subevent: int | None = None
    attendee_name: str | None = None
    canceled: bool = False
    blocked: list[Any] | None = None
    valid_from: str | None = None
    valid_until: str | None = None


class Order(msgspec.Struct):
    """An order; its `status` is n(ew), p(aid), e(xpired) or c(anceled)."""

    code: str
    status: str
    positions: list[Position]
    testmode: bool = False
    email: str | None = None
    datetime: str | None = None
    checkin_attention: bool = False
    valid_if_pending: bool = False


class Variation(msgspec.Struct):
    """A kind of a product."""

    id: int
    value: Names


class Item(msgspec.Struct):
    """A product."""

    id: int
    name: Names
    variations: list[Variation] = []
    checkin_attention: bool = False


class Date(msgspec.Struct):
    """When an event takes place, or one date of a series."""

    name: Names
    date_from: str
    date_to: str | None = None
    timezone: str | None = None
    """Of an event."""


class _Page(msgspec.Struct):
    results: list[Order]
    next: str | None = None


class Pretix:
    """Asks one shop.

    Args:
        session: Connections.
        source: Where it is.
    """

    def __init__(self, session: aiohttp.ClientSession, source: Source) -> None:
        self._session = session
        self._source = source
        self._base = f"{source.url.rstrip('/')}/api/v1/organizers/{quote(source.organizer)}/events"

    async def order(self, event: str, code: str) -> Order | None:
        """Fetch an order, with what was cancelled of it; ``None``: there is none of this code."""
        way = f"{quote(event)}/orders/{quote(code)}/?include_canceled_positions=true"
        return await self._get(f"{self._base}/{way}", Order)

    async def orders(self, event: str, since: str | None = None) -> AsyncIterator[Order]:
        """Yield the orders of an event: all, or those that have changed since an instant."""
        first = f"{self._base}/{quote(event)}/orders/?include_canceled_positions=true"
        url: str | None = first if since is None else f"{first}&modified_since={quote(since)}"
        while url is not None:
            page = await self._get(url, _Page)
            if page is None:
                raise SourceUnavailable(f"{self._source.id}: there is no event {event}.")
            for order in page.results:
                yield order
            url = page.next
            if url is not None and not url.startswith(self._base):
                raise SourceUnavailable(f"{self._source.id}: its next page is somewhere else.")

    async def item(self, event: str, id_: int) -> Item:
        """Fetch a product."""
        return await self._there(f"{quote(event)}/items/{id_}/", Item)

    async def date(self, event: str, subevent: int | None) -> Date:
        """Fetch when a date of a series is, or the event itself."""
        way = quote(event) if subevent is None else f"{quote(event)}/subevents/{subevent}"
        return await self._there(f"{way}/", Date)

    async def _there[Found](self, way: str, type_: type[Found]) -> Found:
        found = await self._get(f"{self._base}/{way}", type_)
        if found is None:
            raise SourceUnavailable(f"{self._source.id}: there is no {way}.")
        return found

    async def _get[Found](self, url: str, type_: type[Found]) -> Found | None:
        name = self._source.id
        try:
            token = await asyncio.to_thread(self._source.token_file.read_text, encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SourceUnavailable(f"{name}: its token_file cannot be read.") from error
        try:
            async with self._session.get(
                url,
                headers={"authorization": f"Token {token.strip()}", "accept": "application/json"},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            ) as response:
                status, body = response.status, await response.content.read(_LONGEST)
                while not response.content.at_eof() and len(body) < _LONGEST:
                    body += await response.content.read(_LONGEST - len(body))
        except TimeoutError as error:
            raise SourceUnavailable(f"{name}: no answer within {TIMEOUT_S:g} s.") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise SourceUnavailable(f"{name}: cannot be reached.") from error
        if status in _NOT_THERE:
            return None
        if status in _DENIED:
            raise SourceUnavailable(f"{name}: its token is not accepted (HTTP {status}).")
        if status != 200:  # noqa: PLR2004 - HTTP's own
            raise SourceUnavailable(f"{name}: answers HTTP {status}.")
        try:
            return msgspec.json.decode(body, type=type_)
        except msgspec.DecodeError as error:
            raise SourceUnavailable(f"{name}: answers what is no such thing: {error}.") from error
