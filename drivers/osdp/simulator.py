"""OSDP readers that are not there: libosdp's peripheral device on a pty.

For tests, for the demo and for `composteur simulate osdp`. Several readers may share a line. They
speak the true wire, and break on request.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, Self

from drivers.osdp.face import COLUMNS, Kind
from drivers.osdp.framing import Framer
from drivers.osdp.panel import CARD, KEYS, LOCAL, STATUS, Channel
from drivers.serial.pty import Socket

TICK_S: Final = 0.005
REBOOT_S: Final = 0.3
"""How long a reader that starts says nothing."""
OUTPUTS: Final = 2
INPUTS: Final = 2
COLOURS: Final = ("off", "red", "green", "amber", "blue", "magenta", "cyan", "white")
_ON_FOR, _OFF_FOR = 5, 6
_ON: Final = frozenset({2, 4, _ON_FOR})


@dataclass(slots=True)
class Faults:
    """What is wrong with a reader; change it while it runs.

    Attributes:
        mute: it says nothing, and hears nothing.
        unheard: what it says gets lost; it obeys.
        late_s: all it says comes so much later.
        garbled: the share of its bytes that are other ones, 0 to 1.
        refused: it refuses every command.
    """

    mute: bool = False
    unheard: bool = False
    late_s: float = 0.0
    garbled: float = 0.0
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a reader was told, in words, and as libosdp has told it."""

    kind: Kind
    text: str
    command: dict[str, Any]


class SimulatedReader:
    """One reader.

    Args:
        address: its address on the line.
        key: its key; none: as it leaves its maker.
        secure: it speaks over a secure channel only.
        install: it takes the default key, and a new one over it.
        rows: lines of its display; 0: it has none.
    """

    def __init__(
        self,
        address: int = 0,
        *,
        key: bytes | None = None,
        secure: bool = False,
        install: bool = False,
        rows: int = 2,
    ) -> None:
        import osdp_sys  # noqa: PLC0415  # the extra, there where a reader is

        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
        self.address = address
        self.key = key
        self.install = install
        self.faults = Faults()
        self.told: list[Told] = []
        """What it was told."""
        self.on_told: list[Callable[[Told], None]] = []
        self.outputs = [False] * OUTPUTS
        """How its outputs stand."""
        self.inputs = [False] * INPUTS
        """How its inputs stand; it tells it when somebody begins to ask it."""
        self._was_online = False
        self._lib = osdp_sys
        self._secure = secure
        self._rows = rows
        self._drops: dict[int, asyncio.TimerHandle] = {}
        self._starts_at = 0.0
        self._pending: deque[dict[str, Any]] = deque()
        self._channel = Channel()
        self._device = self._start()

    def _start(self) -> Any:
        lib = self._lib
        self._channel = Channel()
        flags = 0
        if self._secure:
            flags |= lib.FLAG_ENFORCE_SECURE
        if self.install:
            flags |= lib.FLAG_INSTALL_MODE
        can = [
            (lib.CAP_CARD_DATA_FORMAT, 1, 1),
            (lib.CAP_READER_LED_CONTROL, 4, 1),
            (lib.CAP_READER_AUDIBLE_OUTPUT, 2, 1),
            (lib.CAP_OUTPUT_CONTROL, 4, OUTPUTS),
            (lib.CAP_CONTACT_STATUS_MONITORING, 1, INPUTS),
            (lib.CAP_COMMUNICATION_SECURITY, 1, 1),
            (lib.CAP_CHECK_CHARACTER_SUPPORT, 1, 0),
        ]
        if self._rows:
            can.append((lib.CAP_READER_TEXT_OUTPUT, self._rows, 1))
        device = lib.PeripheralDevice(
            {
                "name": f"PD-{self.address}",
                "address": self.address,
                "flags": flags,
                "scbk": self.key,
                "channel": self._channel,
                "version": 1,
                "model": 1,
                "vendor_code": 0xC05DA0,
                "serial_number": 1 + self.address,
                "firmware_version": 0x010203,
            },
            capabilities=[
                {"function_code": what, "compliance_level": level, "num_items": number}
                for what, level, number in can
            ],
        )
        device.set_command_callback(self._obey)
        return device

    # --- on its line

    @property
    def online(self) -> bool:
        """Whether somebody asks it."""
        return bool(self._device.is_online())

    @property
    def secured(self) -> bool:
        """Whether a secure channel stands."""
        return bool(self._device.is_sc_active())

    def turn(self, heard: bytes, now: float) -> list[bytes]:
        """Take what was said on the line; return what it says."""
        if self.faults.mute or now < self._starts_at:
            return []
        self._channel.inbox += heard
        online = self.online
        if online and not self._was_online:
            self.close(*self.inputs)
        self._was_online = online
        while self._pending and self._device.submit_event(self._pending[0]):
            self._pending.popleft()
        for _ in range(3):
            self._device.refresh()
        said = list(self._channel.outbox)
        self._channel.outbox.clear()
        return [] if self.faults.unheard else said

    def reboot(self) -> None:
        """Start anew: it shows nothing, its outputs drop, and for a moment it says nothing."""
        self.stop()
        self._pending.clear()
        self._starts_at = asyncio.get_running_loop().time() + REBOOT_S
        self._device = self._start()
        self._was_online = False

    def stop(self) -> None:
        """Let everything drop."""
        for timer in self._drops.values():
            timer.cancel()
        self._drops.clear()
        self.outputs = [False] * OUTPUTS

    # --- what happens to it

    def show(self, code: str) -> None:
        """Hold a barcode before it."""
        data = code.encode()
        self.card(data, 8 * len(data))

    def card(self, data: bytes, bits: int, *, wiegand: bool = False) -> None:
        """Hold a card before it."""
        self._happen(CARD, reader_no=0, direction=0, format=int(wiegand), length=bits, data=data)

    def press(self, keys: str) -> None:
        """Type at it."""
        self._happen(KEYS, reader_no=0, data=keys.encode())

    def stand(self, *, tamper: bool = False, power_fails: bool = False) -> None:
        """Open its case, or take its power away (it has a battery)."""
        self._happen(STATUS, type=LOCAL, report=bytes([tamper, power_fails]))

    def close(self, *inputs: bool) -> None:
        """Have its inputs stand so."""
        self.inputs = list(inputs)
        self._happen(STATUS, type=0, report=bytes(inputs))

    def _happen(self, event: int, **facts: Any) -> None:
        self._pending.append({"event": event, **facts})

    # --- what it is told

    def _obey(self, command: dict[str, Any]) -> tuple[int, None]:
        kind = Kind(command["command"])
        if kind is Kind.STATUS or self.faults.refused:
            return -1, None  # libosdp's device cannot say how it stands when it is asked
        if kind is Kind.KEYSET:
            self.key, self.install = command["data"], False
        if kind is Kind.OUTPUT:
            self._switch(command["output_no"], command["control_code"], command["timer_count"])
        told = Told(kind, _words(kind, command), command)
        self.told.append(told)
        for each in self.on_told:
            each(told)
        return 0, None

    def _switch(self, number: int, code: int, tenths: int) -> None:
        timer = self._drops.pop(number, None)
        if timer is not None:
            timer.cancel()
        before, self.outputs[number] = self.outputs[number], code in _ON
        if code in {_ON_FOR, _OFF_FOR}:
            before = before if timer is None else code == _OFF_FOR
            loop = asyncio.get_running_loop()
            self._drops[number] = loop.call_later(tenths / 10, self._drop, number, before)

    def _drop(self, number: int, level: bool) -> None:  # noqa: FBT001  # a level
        del self._drops[number]
        self.outputs[number] = level

    def timed(self, number: int) -> bool:
        """Tell whether an output will drop by itself."""
        return number in self._drops

    def texts(self, kind: Kind) -> list[str]:
        """Return what it was told of a kind, in words."""
        return [each.text for each in self.told if each.kind is kind]


def _words(kind: Kind, command: dict[str, Any]) -> str:
    match kind:
        case Kind.LED:
            colour = COLOURS[command["on_color"]]
            return f"led {colour} {command['on_count']}/{command['off_count']}"
        case Kind.BUZZER:
            times = f"{command['on_count']}/{command['off_count']}"
            return f"buzzer {command['rep_count']} times {times}"
        case Kind.TEXT:
            return f"text {command['offset_row']}: {command['data'][:COLUMNS].rstrip()}"
        case Kind.OUTPUT:
            code = command["control_code"]
            level = "on" if code in _ON else "off"
            lasts = f" for {command['timer_count'] * 100} ms" if code in {_ON_FOR, _OFF_FOR} else ""
            return f"output {command['output_no']} {level}{lasts}"
        case _:
            return kind.name.lower()


class SimulatedLine:
    """Readers on one line; they are there while `running`.

    Args:
        path: the name under which the line is found.
        readers: who is on it.
        dice: decides which bytes are garbled.
        baud: how slow the line is; ``None``: as fast as it goes.
    """

    def __init__(
        self,
        path: Path,
        readers: Iterable[SimulatedReader],
        *,
        dice: Random,
        baud: int | None = None,
    ) -> None:
        self.readers = tuple(readers)
        self.socket = Socket(path, self._hear, baud=baud)
        self._framer = Framer()
        self._dice = dice
        self._late: set[asyncio.TimerHandle] = set()
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Be plugged in until the end of the block."""
        await self.plug()
        try:
            yield self
        finally:
            await self.unplug()
            for reader in self.readers:
                reader.stop()

    async def plug(self) -> None:
        """Put the cable in."""
        await self.socket.plug()
        if self._timer is None:
            self._tick()

    async def unplug(self) -> None:
        """Pull it."""
        for timer in (*self._late, self._timer):
            if timer is not None:
                timer.cancel()
        self._late.clear()
        self._timer = None
        self._framer.forget()
        await self.socket.unplug()

    def reboot(self) -> None:
        """Have every reader start anew."""
        for reader in self.readers:
            reader.reboot()

    def _tick(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)
        self._hear(b"")

    def _hear(self, data: bytes) -> None:
        """Hand frames over whole: libosdp's device never finds one that comes byte by byte."""
        now = asyncio.get_running_loop().time()
        frames = [each for each in self._framer.feed(data) if isinstance(each, bytes)]
        for reader in self.readers:
            for said in reader.turn(b"".join(frames), now):
                self._say(said, reader.faults)

    def _say(self, data: bytes, faults: Faults) -> None:
        if not faults.late_s:
            self._say_now(data, faults)
            return

        def now() -> None:
            self._late.discard(timer)
            self._say_now(data, faults)

        timer = asyncio.get_running_loop().call_later(faults.late_s, now)
        self._late.add(timer)

    def _say_now(self, data: bytes, faults: Faults) -> None:
        if faults.garbled:
            dice = self._dice
            data = bytes(
                byte ^ (1 << dice.randrange(8)) if dice.random() < faults.garbled else byte
                for byte in data
            )
        self.socket.write(data)
