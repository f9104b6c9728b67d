"""A gate with a protocol of its own on its line, by its profile: releases out, passages in."""

import asyncio
from typing import Final

from drivers.commands import Command, Ping, Release, Revoke, SetMode
from drivers.link import Speaks, Surroundings
from drivers.pending import done, failed
from drivers.serial.asking import Asked, Asking
from drivers.serial.codec import Rejected
from drivers.serial.hearing import Hearing
from drivers.serial.line import Line
from drivers.serial.profile import Do, EventProfile
from drivers.serial.settings import SerialSettings
from drivers.serial.telegrams import Telegrams
from drivers.signals import (
    Direction,
    GateEvent,
    GateEventType,
    InputChanged,
    LinkChanged,
    Mode,
    Signal,
)

STALE_S: Final = 0.2
"""A telegram that has begun and has not ended by then never will."""


class GateLink:
    """One gate.

    Its own directions are called sides, 1 and 2, as in its profile; `entry` says which is which.
    """

    def __init__(self, settings: SerialSettings, surroundings: Surroundings) -> None:
        self._profile = profile = settings.gate
        self._ids = [each.id for each in surroundings.devices]
        self._take = surroundings.take
        self._wall = surroundings.wall
        self._drops = surroundings.drops
        self._path = settings.port
        self._sides: dict[Direction, int] = {"entry": settings.entry, "exit": 3 - settings.entry}
        self._ways: dict[int, Direction] = {side: way for way, side in self._sides.items()}
        self._events = {each.on: each for each in profile.event}
        self._format = profile.frame.format
        self._modes: dict[int, Mode] = {}
        self._open: dict[int, str] = {}
        """Who may pass, as far as is known: the release of each side."""
        hearing = Hearing(Telegrams(self._format), STALE_S, self._heard)
        self._line = Line(settings.line, hearing, self._tell)
        self._asking = Asking(
            self._line.write,
            ack_s=profile.ack_ms / 1000,
            rest_s=profile.rest_ms / 1000,
            late_s=profile.late_ms / 1000,
            surplus=lambda: self._drop("late_ack"),
            unsure=self._unsure,
        )
        self._loop = asyncio.get_running_loop()

    @property
    def speaks(self) -> Speaks:
        """Releases and passages."""
        return "gate"

    async def run(self) -> None:
        """Keep the line until cancelled."""
        try:
            await self._line.run()
        finally:
            self._asking.lost("the link has ended")

    # --- to the gate

    def send(self, device: str, command: Command, not_after: int) -> "asyncio.Future[None]":
        """Send a command in its turn; the future ends with the gate's acknowledgement."""
        within_s = (not_after - self._wall()) / 1000
        if device not in self._ids:
            return failed(f"{device} is not on this link")
        if within_s <= 0:
            return failed("too late to be sent")
        if not self._line.up:
            return failed(f"{self._path} is not there")
        return self._carry_out(command, within_s)

    def _carry_out(self, command: Command, within_s: float) -> "asyncio.Future[None]":
        match command:
            case Release(direction, _, persons, tx):
                return self._release(self._sides[direction], persons, tx, within_s)
            case Revoke(tx):
                return self._revoke(tx, within_s)
            case SetMode(direction, mode):
                return self._set_mode(self._sides[direction], mode, within_s)
            case Ping():
                return done()  # it cannot be asked without being changed
            case _:
                return failed(f"this gate cannot follow {type(command).__name__}")

    def _release(self, side: int, persons: int, tx: str, within_s: float) -> "asyncio.Future[None]":
        if persons != 1:
            return failed(f"this gate lets one person pass at a time, not {persons}")
        command = self._profile.find("release", side)
        if command is None:
            return failed(f"this gate has no release for its direction {side}")
        telegram = self._format.write(command.send)
        return self._asking.put([telegram], within_s=within_s, tx=tx, side=side)

    def _revoke(self, tx: str, within_s: float) -> "asyncio.Future[None]":
        """Take a release back, unless that would take the other direction's, too."""
        if self._asking.withdraw(tx):
            return done()
        under_way = self._asking.current
        side = next((side for side, open_for in self._open.items() if open_for == tx), None)
        if side is None and under_way is not None and under_way.tx == tx:
            side = under_way.side
        if side is None:
            return done()  # it is over: somebody has passed, or the gate has failed
        command = self._profile.find("revoke", side)
        if command is None:
            return failed("this gate cannot take a release back")
        if command.direction is None and 3 - side in self._open:
            return failed("it would close the other direction, too")
        self._open.pop(side, None)
        return self._asking.put(self._without_the_other("revoke", side), within_s=within_s)

    def _set_mode(self, side: int, mode: Mode, within_s: float) -> "asyncio.Future[None]":
        self._modes[side] = mode
        telegrams = self._without_the_other(mode, side)
        if not telegrams:
            return failed(f"this gate cannot be {mode}")
        return self._asking.put(telegrams, within_s=within_s)

    def _without_the_other(self, do: Do, side: int) -> list[bytes]:
        """Return what it takes to do something by one side without the other side noticing."""
        command = self._profile.find(do, side)
        if command is None:
            return []
        other = 3 - side
        told = [command.send]
        if command.direction is None and do != "free" and self._modes.get(other) == "free":
            again = self._profile.find("free", other)
            told += [again.send] if again is not None else []
        return [self._format.write(each) for each in told]

    def _unsure(self, asked: Asked) -> None:
        """A release was sent and not acknowledged: whoever it was for is told no, so is the gate.

        It may have opened for all that, and its grant is given back.
        """
        if asked.side is not None and asked.tx is not None and self._line.up:
            self._open[asked.side] = asked.tx
            revoked = self._revoke(asked.tx, self._profile.late_ms / 1000 + 1)
            revoked.add_done_callback(lambda _: None)  # it may fail: then nothing can be done

    # --- from the gate

    def _tell(self, up: bool, why: str) -> None:  # noqa: FBT001  # the one fact of the signal
        if up:
            self._asking.opened()
        else:
            self._open.clear()
            self._modes.clear()
            self._asking.lost(why)
        self._signal(*(LinkChanged(name, up, why) for name in self._ids))

    def _heard(self, data: bytes | Rejected) -> None:
        if isinstance(data, Rejected):
            self._drop(data.why.value)
        elif data == self._profile.acknowledged:
            asked = self._asking.answer(ok=True)
            if asked is not None and asked.side is not None and asked.tx is not None:
                self._open[asked.side] = asked.tx
        elif data == self._profile.refused:
            self._asking.answer(ok=False)
        elif (event := self._events.get(data)) is not None:
            self._happened(event)
        else:
            self._drop("unknown")

    def _happened(self, event: EventProfile) -> None:
        direction = None if event.direction is None else self._ways[event.direction]
        if event.event == "input":
            self._signal(*(InputChanged(name, event.name, event.value) for name in self._ids))
            return
        if event.direction is not None and event.event in {
            GateEventType.PASSED,
            GateEventType.PASSAGE_TIMEOUT,
        }:
            self._open.pop(event.direction, None)
        kind = event.event
        self._signal(*(GateEvent(name, kind, direction=direction) for name in self._ids))

    def _signal(self, *signals: Signal) -> None:
        for signal in signals:
            self._take(signal)

    def _drop(self, what: str) -> None:
        for name in self._ids:
            self._drops.count(self._loop.time(), name, what)
