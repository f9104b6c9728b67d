"""Sends calls to webhooks: each receiver in its own time, oldest first, until it has taken them.

Of several gateways of a site one sends. A receiver that does not answer is tried again after 1, 2,
4 … 300 seconds and holds up no other; operators are told after three attempts in vain. A call it
refuses for its content is halved until it is known what it refuses: that is set aside, and the rest
goes on. So a receiver is told everything in order, and may be told something twice, under the same
id, when its answer was lost.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import asyncpg
import structlog

from config import Webhook
from gateway.central.calls import Waiting
from gateway.central.connection import Central, told, unavailable
from gateway.errors import DatabaseUnavailable
from gateway.venue.alarms import Alarms, Document
from gateway.venue.answers import Answers
from gateway.venue.tasks import kept_going
from gateway.venue.webhooks.posting import Answer, post
from gateway.venue.webhooks.telling import body, of_alarms, wanted

if TYPE_CHECKING:
    from gateway.central.pool import Connection

ALARM: Final = "webhook"
LOOK_S: Final = 0.25
"""How often a receiver that is told everything is looked for more."""
PAUSE_S: Final = 1.0
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 300.0
IN_VAIN: Final = 3
"""After so many attempts in a row operators are told."""
ALARMS_AGAIN_S: Final = 30.0
TIDY_S: Final = 60.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Receiver:
    """How a receiver has answered since this process sends."""

    taken_at: int | None = None
    """When it took something last, in milliseconds; ``None``: it has taken nothing yet."""
    failing: str | None = None
    """What the last attempt came to where it was in vain."""


class Webhooks:
    """The webhooks of a site, in the first process of a gateway.

    Args:
        central: The central database.
        site: The site's id.
        webhooks: Those of the site file as it is now.
        alarms: What is told, and what operators are told of receivers that do not answer.
        answers: Writes events.
        clock: Milliseconds since the epoch.
    """

    def __init__(
        self,
        central: Central,
        site: str,
        webhooks: Callable[[], Sequence[Webhook]],
        *,
        alarms: Alarms,
        answers: Answers,
        clock: Callable[[], int],
    ) -> None:
        self._central = central
        self._site = site
        self._webhooks = webhooks
        self._alarms = alarms
        self._answers = answers
        self._clock = clock
        self._standing: dict[str, Waiting] = {}
        self._receivers: dict[str, _Receiver] = {}
        """By webhook; none where another process sends."""
        self._alarmed = asyncio.Event()
        alarms.on_change(lambda _name: self._alarmed.set())

    @property
    def waiting(self) -> int:
        """Calls known to wait, set aside ones left out."""
        return sum(each.waiting for each in self._standing.values())

    def documents(self) -> list[Document]:
        """Write how each webhook does where it is this process that sends; spans in seconds."""
        now = self._clock()
        return [
            _document(name, receiver, self._standing.get(name), now)
            for name, receiver in self._receivers.items()
        ]

    def wanted(self) -> list[tuple[str, str]]:
        """Return which webhooks are to be told of what, for whoever makes calls."""
        return wanted(self._webhooks())

    async def tell_alarms(self) -> None:
        """Make calls of alarms until cancelled; the database is told what it missed."""
        await self._alarms.loaded.wait()
        while True:
            self._alarmed.clear()
            pairs = [pair for pair in self.wanted() if pair[1] in {"alarm", "space_full"}]
            if pairs:
                try:
                    alarms = of_alarms(self._alarms.episodes())
                    await self._central.tell(self._site, alarms, pairs)
                except DatabaseUnavailable:
                    self._alarmed.set()
                    await asyncio.sleep(PAUSE_S)
                    continue
            with suppress(TimeoutError):
                async with asyncio.timeout(ALARMS_AGAIN_S):
                    await self._alarmed.wait()

    async def send(self) -> None:
        """Send calls until cancelled, over every absence of the database and of receivers."""
        while True:
            try:
                await self._lead()
            except DatabaseUnavailable:
                pass  # told once for the whole gateway, by its health
            except asyncpg.PostgresError as error:
                log.warning("webhooks.failed", error=told(error))
            await asyncio.sleep(PAUSE_S)

    async def _lead(self) -> None:
        """Send for as long as it is us who sends and the webhooks stay as they are."""
        webhooks = tuple(self._webhooks())
        if not webhooks:
            return
        connection = await self._central.connect()
        try:
            with unavailable():
                lead = self._central.queries["webhooks.lead"]
                if not await connection.fetchval(lead, self._site):
                    return
                async with aiohttp.ClientSession() as session:
                    self._receivers = {each.id: _Receiver() for each in webhooks}
                    receivers = {
                        f"webhook-{each.id}": partial(self._serve, each, session)
                        for each in webhooks
                    }
                    async with kept_going(**receivers):
                        await self._watch(connection, webhooks)
        finally:
            self._receivers = {}
            connection.terminate()

    async def _watch(self, connection: "Connection", webhooks: tuple[Webhook, ...]) -> None:
        """Return once the site file has other webhooks; fail with the connection that leads."""
        loop = asyncio.get_running_loop()
        tidy_at = 0.0
        while tuple(self._webhooks()) == webhooks:
            if loop.time() >= tidy_at:
                tidy_at = loop.time() + TIDY_S
                await self._tidy(webhooks)
            await connection.execute("SELECT 1")
            standing = await self._central.calls_waiting(self._site)
            self._standing = {each.webhook: each for each in standing}
            await asyncio.sleep(PAUSE_S)

    async def _tidy(self, webhooks: Sequence[Webhook]) -> None:
        await self._central.tidy_calls(self._site, [each.id for each in webhooks])
        for each in webhooks:
            why = f"not taken within {each.keep_h} h"
            count = await self._central.give_calls_up(self._site, each.id, each.keep_h, why)
            if count:
                log.error("webhook.given_up", webhook=each.id, events=count)

    # --- one receiver

    async def _serve(self, webhook: Webhook, session: aiohttp.ClientSession) -> None:
        """Tell one receiver everything, until cancelled."""
        in_vain, at_once = 0, webhook.at_once
        receiver = self._receivers[webhook.id]
        while True:
            try:
                calls = await self._due(webhook, at_once)
                if not calls:
                    await asyncio.sleep(LOOK_S)
                    continue
                answer = await self._call(webhook, session, calls)
                receiver.failing = None if answer.taken else answer.said
                if answer.taken:
                    receiver.taken_at = self._clock()
                    await self._central.calls_taken([each["id"] for each in calls])
                    in_vain, at_once = 0, min(2 * at_once, webhook.at_once)
                    self._alarms.clear(ALARM, reason=webhook.id)
                elif answer.refused and len(calls) > 1:
                    at_once = len(calls) // 2
                elif answer.refused:
                    await self._central.set_call_aside(calls[0]["id"], answer.said)
                    self._raise(webhook, f"{calls[0]['type']} refused: {answer.said}")
                    at_once = webhook.at_once
                else:
                    in_vain += 1
                    if in_vain >= IN_VAIN:
                        self._raise(webhook, answer.said)
                    await asyncio.sleep(max(pause_s(in_vain), answer.after_s))
            except DatabaseUnavailable:
                await asyncio.sleep(PAUSE_S)

    async def _due(self, webhook: Webhook, at_once: int) -> list[asyncpg.Record]:
        """Read the oldest calls; those whose event is past its retention are over."""
        calls = await self._central.due_calls(self._site, webhook.id, at_once)
        gone = [each["id"] for each in calls if each["gone"]]
        if gone:
            await self._central.calls_taken(gone)
        return [each for each in calls if not each["gone"]]

    async def _call(
        self, webhook: Webhook, session: aiohttp.ClientSession, calls: Sequence[Any]
    ) -> Answer:
        name = f"{self._site}-{webhook.id}-{calls[0]['id']}-{calls[-1]['id']}"
        text = body(self._site, calls, self._answers)
        return await post(session, webhook, text, call=name, clock=self._clock)

    def _raise(self, webhook: Webhook, text: str) -> None:
        self._alarms.raise_(ALARM, reason=webhook.id, text=text)


def _document(name: str, receiver: _Receiver, calls: Waiting | None, now: int) -> Document:
    taken_at = receiver.taken_at
    since = calls.since if calls else None
    return {
        "id": name,
        "taken_s": None if taken_at is None else max(0, now - taken_at) // 1000,
        "failing": receiver.failing,
        "waiting": calls.waiting if calls else 0,
        "oldest_s": _age_s(since, now) if since else 0,
        "set_aside": calls.set_aside if calls else 0,
    }


def _age_s(since: datetime, now: int) -> int:
    return max(0, now - round(since.timestamp() * 1000)) // 1000


def pause_s(in_vain: int) -> float:
    """Return how long to wait after so many attempts in vain.

    >>> [pause_s(count) for count in (1, 2, 3, 9, 10, 1000)]
    [1.0, 2.0, 4.0, 256.0, 300.0, 300.0]
    """
    return min(FIRST_PAUSE_S * 2.0 ** min(in_vain - 1, 20), LONGEST_PAUSE_S)
