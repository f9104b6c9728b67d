"""The entitlement store: one atomic function per act, in one round trip.

A scan goes out on the process's one pipelined connection (`connection.py`), in one command with the
others of its event-loop turn, and comes back as one line. All that does not stand in the path of a
scan is in `admin.py`. This module knows no HTTP and no database.

Keys (``functions/scan.lua``): ``{site}t:CODE`` tickets, ``{site}catalogue`` products and sessions,
``{site}spaces``, ``{site}open`` reservations by deadline, ``{site}events``, ``{site}meta``.
"""

import asyncio
import base64
import contextlib
import hashlib
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from gateway.entitlements.connection import (
    MOST_TOGETHER,
    Connection,
    Part,
    Reply,
    ReplyError,
    encode,
)
from gateway.entitlements.library import library
from gateway.entitlements.packing import SEPARATOR
from gateway.entitlements.place import Place, Way
from gateway.entitlements.replies import TICKET_STARTS, conflict_of, decision_of, ticket_of
from gateway.errors import ComposteurError, StoreUnavailable
from gateway.tickets.decision import Conflict, Decision, TicketView
from gateway.tickets.event import EventRow

type Settling = Literal["passage", "annul", "undo", "destroy", "count"]

SHARED = ("catalogue", "spaces", "open", "events", "meta")
"""The keys that all scans share."""
WORDS = 4
"""Arguments of a scan."""
NOTHING = b"$0\r\n\r\n"
MOST_WAYS = 500
"""Of scanning at one place, kept encoded."""
SETTLING_PATIENCE_S = 2.0
"""What is not a scan may take this long."""
CLOCK_EVERY_S = 10.0
CLOCK_ANSWER_S = 0.02
OLDEST_MS = 31 * 86_400_000
"""A device's time further back than this cannot be believed."""


def believed(said: int, now: int) -> int:
    """Return when something happened: what a device said, or now where that cannot be.

    >>> believed(1_000, now=2_000), believed(3_000, now=2_000)
    (1000, 2000)
    """
    return said if now - OLDEST_MS <= said <= now else now


class UnknownEvent(ComposteurError):
    """There is no such event of this ticket."""


class NotPossible(ComposteurError):
    """What was asked cannot be done to this grant any more."""


class UnknownTicket(ComposteurError):
    """There is no such ticket."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What an act made: its event, the event it settles, the ticket after it.

    ``event`` is ``None`` when nothing was left to do. ``replayed``: it had been done before.
    """

    event: str | None
    of: str | None
    replayed: bool
    conflict: Conflict | None
    ticket: TicketView | None


@dataclass(frozen=True, slots=True)
class Claim:
    """What an offline reader decided by itself, to be recorded.

    ``at`` (ms) is when; ``device_at`` what the device said when that cannot be believed.
    """

    at: int
    granted: bool
    reason: str | None = None
    device_at: int | None = None
    degraded: bool = False


class _GivenUp:
    """A scan whose caller may go on without its answer: enough to take its stamp back."""

    __slots__ = ("code", "nonce")

    def __init__(self, code: str, nonce: bytes) -> None:
        self.code = code
        self.nonce = nonce


def _joined(values: Iterable[str | int]) -> bytes:
    """Encode values as one argument, which the function takes apart."""
    text = SEPARATOR.join(map(str, values)).encode()
    return b"$%d\r\n%b\r\n" % (len(text), text)


def _special(
    override: str | None = None,
    device_at: str | int = "",
    claimed: str = "",
    reason: str = "",
    step: int | None = None,
) -> bytes:
    """Encode what few scans say of themselves."""
    if step is None:
        return _joined((override or "", device_at, claimed, reason))
    return _joined((override or "", device_at, claimed, reason, step))


class EntitlementStore:
    """The store of one site, as the gateway's processes use it.

    Args:
        url: ``redis://…``, ``rediss://…`` or ``unix://…``.
        site: the site's id, the hash tag of all its keys.
        timezone: the site's, for the day a stamp counts on.
        on_empty: called when the store has no epoch (wiped, or never filled).
        on_change: called with False when the connection goes and with True when it comes.
        wall: the wall clock in seconds.
    """

    def __init__(
        self,
        url: str,
        site: str,
        timezone: ZoneInfo,
        *,
        on_empty: Callable[[], None] = lambda: None,
        on_change: Callable[[bool], None] = lambda _up: None,
        wall: Callable[[], float],
    ) -> None:
        self.url = url
        self.site = site
        self.on_empty = on_empty
        self.on_change = on_change
        self._timezone = timezone
        self._wall = wall
        self._offset_ms = 0.0
        self._connection = Connection(
            url,
            prepare=self._prepare,
            together=self._together,
            unanswered=self._unanswered,
            on_change=self._changed,
        )
        self._library = library()
        self._tag = f"{{{site}}}".encode()
        self._ticket = self._tag + b"t:"
        self._heads = [self._head(count) for count in range(MOST_TOGETHER + 1)]
        self._midnight = 0
        self._day = ""
        self._given_up: list[_GivenUp] = []
        self._next_nonce = int.from_bytes(os.urandom(5)) << 24

    # --- life

    async def open(self, *, patience_s: float = 5.0) -> bool:
        """Connect; True when the store answered in time. Goes on trying by itself otherwise."""
        return await self._connection.open(patience_s=patience_s)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._connection.close()

    @property
    def up(self) -> bool:
        """Whether the store answers."""
        return self._connection.up

    def key(self, name: str) -> str:
        """Name a key of this site."""
        return f"{{{self.site}}}{name}"

    def now(self) -> int:
        """Tell the time in ms since the epoch, by the store's clock."""
        return int(self._wall() * 1000 + self._offset_ms)

    async def _prepare(self) -> None:
        """Make a new connection ready: loaded, its clock known, the functions there."""
        ask = self._connection.handshake
        await self._set_clock(ask("TIME"))
        await ask("PING")
        known = await ask("FUNCTION", "LIST", "LIBRARYNAME", f"composteur_{self._library.version}")
        if not known:
            await ask("FUNCTION", "LOAD", "REPLACE", self._library.text)
        if not await ask("HGET", self.key("meta"), "epoch"):
            self.on_empty()

    async def _set_clock(self, asked: Awaitable[Reply]) -> None:
        """Set our clock by the store's; an answer that took long tells little and is left alone."""
        before = self._wall()
        seconds, micros = await asked
        after = self._wall()
        if after - before < CLOCK_ANSWER_S or not self._offset_ms:
            middle = (before + after) / 2
            self._offset_ms = (int(seconds) + int(micros) / 1e6 - middle) * 1000

    async def keep_clock(self) -> None:
        """Follow the store's clock until cancelled: two machines drift apart."""
        while True:
            await asyncio.sleep(CLOCK_EVERY_S)
            with contextlib.suppress(StoreUnavailable):
                await self._set_clock(self._connection.send(encode("TIME"), SETTLING_PATIENCE_S))

    def _changed(self, up: bool) -> None:  # noqa: FBT001 - a callback's one fact
        if up:
            given_up, self._given_up = self._given_up, []
            for one in given_up:
                self._take_back(one)
        self.on_change(up)

    # --- scans

    def nonce_hash(self, reader: str, nonce: str | None) -> bytes:
        """Hash a reader's nonce to 11 characters; without one, make one up."""
        if nonce is None:
            self._next_nonce += 1
            digest = (self._next_nonce & 0xFFFFFFFFFFFFFFFF).to_bytes(8)
        else:
            digest = hashlib.blake2b(f"{reader}\0{nonce}".encode(), digest_size=8).digest()
        return base64.b64encode(digest, b"-_")[:11]

    async def scan(
        self,
        code: str,
        place: Place,
        *,
        check: bool = False,
        nonce: str | None = None,
        persons: int | None = None,
        operator: str = "",
        override: str | None = None,
        patience_ms: int = 1000,
        flags: str = "",
        step: int | None = None,
    ) -> Decision:
        """Decide one scan: check, stamp, or reserve where the place reports passages.

        Args:
            code: the canonical reference.
            place: the reader in its direction.
            check: change nothing, remember nothing.
            nonce: the caller's, at most 128 characters; the same again answers the first grant.
            persons: how many pass; ``None``: as the ticket says.
            operator: who scans, written into the event.
            override: an operator's reason to pass what may be passed.
            patience_ms: after this the caller has its answer, or `StoreUnavailable`.
            flags: see ``functions/scan.lua``: c closed, o out of service, f free, b bad signature,
                t stale code.
            step: of a rotating code, which lets in once.

        Raises:
            StoreUnavailable: no answer in time, store empty or still loading.
        """
        operation = "check" if check else "stamp" if place.hold_ms is None else "reserve"
        hashed = self.nonce_hash(place.reader, nonce)
        now = self.now()
        how = self._how(place, (operation, flags, patience_ms, self._today(now), persons, operator))
        special = NOTHING
        if override is not None or step is not None:
            special = _special(override, step=step)
        part = self._part(code, how, now, hashed, special)
        token = None if check else _GivenUp(code, hashed)
        return await self._ask(code, part, patience_ms / 1000, token)

    async def _ask(self, code: str, part: Part, patience_s: float, token: object) -> Decision:
        try:
            reply = await self._connection.join(part, patience_s, token)
        except ReplyError as error:
            self._complain(error)
            raise
        return self._decision(code, reply)

    def _decision(self, code: str, reply: Reply) -> Decision:
        line = str(reply, "utf-8")
        if "\t" not in line:
            if line == "unavailable":
                self.on_empty()
            raise StoreUnavailable
        return decision_of(code, line)

    async def record(
        self,
        code: str,
        place: Place,
        claim: Claim,
        *,
        nonce: str | None = None,
        persons: int | None = None,
        operator: str = "",
        flags: str = "",
        step: int | None = None,
    ) -> Decision:
        """Record what an offline reader decided: a granted one always counts.

        ``flags`` and ``step`` are what its code is worth, as in `scan`.

        Raises:
            StoreUnavailable: no answer in time, or the store is empty.
        """
        letters = ("wd" if claim.degraded else "w") + flags
        how = self._how(place, ("record", letters, None, self.day_of(claim.at), persons, operator))
        outcome = "g" if claim.granted else "d"
        special = _special(None, _or_empty(claim.device_at), outcome, claim.reason or "", step)
        hashed = self.nonce_hash(place.reader, nonce)
        part = self._part(code, how, claim.at, hashed, special)
        return await self._ask(code, part, SETTLING_PATIENCE_S, None)

    async def malformed(self, place: Place, *, operator: str = "") -> Decision:
        """Record that a code could not be read as one; its event has no ticket."""
        reply = await self._call(
            "malformed",
            [self.key("events"), self.key("meta")],
            [self.now(), self.day_of(self.now()), place.space, place.reader,
             place.letter, operator],
        )  # fmt: skip
        return Decision(
            granted=False, reason="malformed_code", event=reply, replayed=False, conflict=None,
            attention=False, persons=1, ticket=None,
        )  # fmt: skip

    # --- the command of a turn (functions/scan.lua)

    def _head(self, count: int) -> bytes:
        """Write what comes before the tickets' keys in the command of so many scans."""
        keys = [self.key(name) for name in SHARED]
        command = encode("FCALL", self._library.name("scans"), len(keys) + count, *keys)
        words = 3 + len(keys) + count * (1 + WORDS)
        return b"*%d\r\n%b" % (words, command.partition(b"\r\n")[2])

    def _together(self, parts: Sequence[Part]) -> bytes:
        keys, arguments = zip(*parts, strict=True)
        return b"".join((self._heads[len(parts)], *keys, *arguments))

    def _part(self, code: str, how: bytes, now: int, hashed: bytes, special: bytes) -> Part:
        key = self._ticket + code.encode()
        moment = b"%d" % now
        arguments = b"%b$%d\r\n%b\r\n$11\r\n%b\r\n%b" % (
            how,
            len(moment),
            moment,
            hashed,
            special,
        )
        return b"$%d\r\n%b\r\n" % (len(key), key), arguments

    def _how(self, place: Place, way: Way) -> bytes:
        """Encode what a scan shares with others at its place; it is written once."""
        how = place.ways.get(way)
        if how is None:
            operation, flags, patience_ms, day, persons, operator = way
            how = _joined(
                (
                    operation, place.reader, ",".join(place.chain), place.letter, flags,
                    _or_empty(place.hold_ms), _or_empty(patience_ms), day, _or_empty(persons),
                    operator,
                )
            )  # fmt: skip
            if len(place.ways) >= MOST_WAYS:
                place.ways.clear()
            place.ways[way] = how
        return how

    def _today(self, now: int) -> str:
        if now >= self._midnight:
            self._new_day(now)
        return self._day

    def _new_day(self, now: int) -> None:
        local = datetime.fromtimestamp(now / 1000, self._timezone)
        tomorrow = datetime.combine(
            local.date() + timedelta(days=1), datetime.min.time(), self._timezone
        )
        self._midnight = int(tomorrow.astimezone(UTC).timestamp() * 1000)
        self._day = f"{local:%Y%m%d}"

    def day_of(self, at: int) -> str:
        """Tell the site's local day of an instant (ms), YYYYMMDD."""
        return f"{datetime.fromtimestamp(at / 1000, self._timezone):%Y%m%d}"

    # --- late answers

    def _unanswered(self, token: object, reply: Reply | None) -> None:
        if not isinstance(token, _GivenUp):
            return
        if reply is None:
            self._given_up.append(token)
        elif isinstance(reply, bytes) and reply.startswith(b"granted"):
            self._take_back(token)

    def _take_back(self, scan: _GivenUp) -> None:
        """Take back a stamp whose caller was told that the store does not answer."""
        now = self.now()
        command = self._command(
            "take_back",
            [self.key("t:" + scan.code), *self._settling_keys()],
            [scan.nonce, now, self.day_of(now)],
        )
        try:
            # a token of its own kind: should this answer be lost too, it is asked again
            future = self._connection.send(command, SETTLING_PATIENCE_S * 30)
        except StoreUnavailable:
            self._given_up.append(scan)
            return

        def after(future: asyncio.Future[Reply]) -> None:
            if future.cancelled() or future.exception() is not None:
                self._given_up.append(scan)

        future.add_done_callback(after)

    # --- what follows a grant

    async def passage(
        self, row: EventRow, *, persons: int | None = None, at: int | None = None
    ) -> Settled:
        """Commit a grant: so many have passed under it so far (``None``: all).

        Args:
            row: the grant's event.
            persons: how many.
            at: when, by the device's clock; a time that cannot be is now.

        Raises:
            UnknownEvent, NotPossible, StoreUnavailable.
        """
        now = self.now()
        arguments: list[str | int] = [
            row.event_id,
            now,
            _or_empty(persons),
            row.line(),
            _or_empty(None if at is None else believed(at, now)),
            self.day_of(int(row.at)),
        ]
        return await self._settle("passage", row.ticket_code, arguments)

    async def annul(self, row: EventRow) -> Settled:
        """Give back those of a reservation who have not passed.

        Raises:
            NotPossible: all have passed.
        """
        arguments: list[str | int] = [
            row.event_id,
            self.now(),
            row.line(),
            self.day_of(int(row.at)),
        ]
        return await self._settle("annul", row.ticket_code, arguments)

    async def undo(
        self, row: EventRow, *, operator: str, reason: str | None, undone_by: str | None = None
    ) -> Settled:
        """Take a grant's persons back, and its stamp with its last persons.

        Args:
            row: the grant's event.
            operator: who asks.
            reason: why, written into the event.
            undone_by: the event of an earlier undo that the database knows of.

        Raises:
            NotPossible: nothing was stamped.
        """
        arguments: list[str | int] = [
            row.event_id, self.now(), row.line(), self.day_of(int(row.at)), operator,
            reason or "", undone_by or "",
        ]  # fmt: skip
        return await self._settle("undo", row.ticket_code, arguments)

    async def destroy(self, code: str, *, operator: str, reason: str | None) -> Settled:
        """Make a ticket unusable for ever; once destroyed it keeps its first date.

        Raises:
            UnknownTicket: there is no such ticket.
        """
        return await self._settle("destroy", code, [self.now(), operator, reason or ""])

    async def _settle(
        self, function: Settling, code: str, arguments: Sequence[str | bytes | int]
    ) -> Settled:
        line = await self._call(
            function, [self.key("t:" + code), *self._settling_keys()], arguments
        )
        return self._settled(code, line)

    def _settled(self, code: str, line: str) -> Settled:
        match line:
            case "unavailable":
                raise StoreUnavailable
            case "unknown_event":
                raise UnknownEvent
            case "unknown_ticket":
                raise UnknownTicket
            case "not_a_grant" | "nothing_to_undo" | "all_passed" | "undone":
                raise NotPossible(line)
            case _:
                pass
        fields = line.split("\t")
        view = fields[TICKET_STARTS:]
        return Settled(
            event=fields[2] or None,
            of=fields[1] or None,
            replayed=fields[3] == "1",
            conflict=conflict_of(fields[4]),
            ticket=ticket_of(code, view) if len(view) > 1 else None,
        )

    async def count(
        self,
        place: Place,
        *,
        persons: int,
        operator: str,
        reason: str | None,
        untracked: bool = False,
        once: str | None = None,
    ) -> Settled:
        """Count persons nobody scanned: waved through, or seen by a sensor (``untracked``).

        Args:
            place: where.
            persons: how many.
            operator: who says so.
            reason: why, written into the event.
            untracked: seen by a sensor.
            once: an id of the count without a blank, at most 11 characters. Told again with it, the
                same count counts nobody; a reader remembers its last two in each space.
        """
        line = await self._call(
            "count",
            [self.key("spaces"), self.key("events"), self.key("meta")],
            [
                self.now(), "t" if untracked else "c", ",".join(place.chain), place.reader,
                place.letter, persons, operator, reason or "", once or "",
            ],
        )  # fmt: skip
        return self._settled("", line)

    async def look(self, code: str) -> TicketView | None:
        """Look at a ticket; ``None`` when there is none.

        Raises:
            StoreUnavailable: no answer, or the store is loading and the ticket not there yet.
        """
        keys = [self.key("t:" + code), self.key("catalogue"), self.key("meta")]
        line = await self._call("look", keys, [self.now()])
        if line == "unknown_ticket":
            return None
        if line == "unavailable":
            self.on_empty()
            raise StoreUnavailable
        return decision_of(code, line).ticket

    async def last_grant(self, code: str) -> str | None:
        """Name the event of the newest stamp that stands."""
        return await self._call("last_grant", [self.key("t:" + code)], []) or None

    async def grant(self, event: str) -> EventRow | None:
        """Read an event that is still in the stream."""
        _, _, place = event.partition("-")
        try:
            found = await self._connection.send(
                encode("XRANGE", self.key("events"), place, place), SETTLING_PATIENCE_S
            )
        except ReplyError:
            return None  # not an id of ours
        return EventRow.parse(event, str(found[0][1][1], "utf-8")) if found else None

    # --- plumbing

    def _settling_keys(self) -> list[str]:
        return [self.key(name) for name in SHARED]

    def _command(
        self, function: str, keys: list[str], arguments: Sequence[str | bytes | int]
    ) -> bytes:
        return encode("FCALL", self._library.name(function), len(keys), *keys, *arguments)

    async def _call(
        self, function: str, keys: list[str], arguments: Sequence[str | bytes | int]
    ) -> str:
        command = self._command(function, keys, arguments)
        try:
            reply = await self._connection.send(command, SETTLING_PATIENCE_S)
        except ReplyError as error:
            self._complain(error)
            raise
        return str(reply, "utf-8")

    def _complain(self, error: ReplyError) -> None:
        """Start over when the functions are gone (a flushed store of the venue's own)."""
        if "Function not found" in str(error):
            self._connection.restart()


def _or_empty(value: int | None) -> str | int:
    return "" if value is None else value
