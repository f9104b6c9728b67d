"""Ask a board everything its profile says it has, once, and switch nothing."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from drivers.modbus import codec
from drivers.modbus.codec import Question
from drivers.modbus.line import Line
from drivers.modbus.plan import Reading, Told, plan_of
from drivers.modbus.settings import ModbusSettings

TRIES: Final = 3
"""A question that nobody answers is asked so often."""


@dataclass(slots=True)
class Findings:
    """What a board has answered.

    Attributes:
        told: its inputs, outputs, counters and registers.
        problems: what it refused, did not answer, or holds against its profile.
        slowest_s: how long its slowest answer took.
    """

    told: Told = field(default_factory=lambda: Told({}, {}, {}, {}))
    problems: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


class Probe:
    """Somebody on a line who only reads, until all has been asked."""

    def __init__(self, settings: ModbusSettings) -> None:
        self.findings = Findings()
        self.gap_s = settings.gap_s
        self.patience_s = settings.timeout_ms / 1000
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unit = settings.unit_number
        self._settings = settings
        self._left = list(self._readings())
        self._tries = 0

    def _readings(self) -> Iterator[Reading]:
        profile = self._settings.board_profile
        counted = 0 if profile.counters is None else profile.counters.count
        numbers = profile.input_numbers
        plan = plan_of(profile, numbers, profile.output_numbers, numbers[:counted])
        yield from (*plan.often, *plan.seldom)
        for each in () if profile.watchdog is None else profile.watchdog.settings:
            yield Reading("holding", profile.address("holding", each.at), 1, ())

    @property
    def due(self) -> float:
        """Now, as long as there is something to ask."""
        return 0.0 if self._left else float("inf")

    def took(self, seconds: float) -> None:
        """An answer has taken so long."""
        self.findings.slowest_s = max(seconds, self.findings.slowest_s)

    def ask(self, now: float) -> Question:
        """Return the next question."""
        del now
        return self._left[0].question(self._unit)

    def told(self, data: bytes, now: float) -> None:
        """Take an answer."""
        del now
        told, found = self._left[0].read(data), self.findings.told
        found.inputs.update(told.inputs)
        found.outputs.update(told.outputs)
        found.counters.update(told.counters)
        found.words.update(told.words)
        self._next()

    def refused(self, code: int, now: float) -> None:
        """The board refuses."""
        del now
        self._next(f"refused: {codec.refusal(code)}")

    def silent(self, why: str, now: float) -> None:
        """No answer has come; the next question may be one it knows."""
        del now
        self._tries += 1
        if self._tries >= TRIES:
            self._next(why)

    def dropped(self, what: str, now: float) -> None:
        """Something else was heard: counted by the line."""

    def lost(self, why: str) -> None:
        """The line is not there."""
        self.findings.problems.append(why)
        self._left.clear()
        self._end()

    def opened(self, now: float) -> None:
        """The line is there."""

    def _next(self, problem: str = "") -> None:
        asked = self._left.pop(0)
        self._tries = 0
        if problem:
            last = asked.at + asked.count - 1
            where = f"{asked.area} {asked.at:#06x} to {last:#06x}"
            self.findings.problems.append(f"{where}: {problem}")
        if not self._left:
            self._end()

    def _end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def probe(settings: ModbusSettings) -> Findings:
    """Ask a board everything; nothing is written to it."""
    line = Line(settings.place, settings.timeout_ms / 1000, lambda: 0)
    asking = Probe(settings)
    async with line.spoken_on(asking):
        await asking.done
    found, profile = asking.findings, settings.board_profile
    for each in () if profile.watchdog is None else profile.watchdog.settings:
        at = profile.address("holding", each.at)
        held = found.told.words.get(at, each.value)
        if held != each.value:
            found.problems.append(
                f"register {at:#06x} holds {held}; {each.value} will be written ({each.means})"
            )
    found.problems += [
        f"{what}: {number}"
        for what, number in sorted(line.counts.items())
        if what in {"late", "rejected", "echo"}
    ]
    return found
