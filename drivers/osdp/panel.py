"""libosdp's control panel for one reader, and its traps; the one place that calls it.

Each reader has a panel of its own, also where several share a line: libosdp's own sharing waits
200 ms for a reader that is not there, and its state of more than 32 does not fit where its binding
puts it. Who speaks when is the line's business. Nothing here waits: what libosdp wants to send is
returned, what was heard is handed in.

Found in libosdp 3.2.9 (its C sources) and put right here: it keeps a reference to every event it
has told and to every channel it was given, for ever; a reader that is silent, refuses a command or
says one wrong byte is left alone for 300 s; with a key and without `ENFORCE_SECURE` it tries the
default key and then sets ours, without anybody having asked for that.
"""

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from drivers.osdp.face import Kind, Told
from drivers.osdp.framing import broken

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS: Final = 4
"""libosdp takes a step at each call; from a wish to its frame are two, from an answer to the
next wish another two."""
ANSWER_MS: Final = 200
"""How long libosdp waits for an answer."""
OK: Final = 0
CARD, KEYS, STATUS = 1, 2, 4
"""Events, by libosdp's numbers."""
LOCAL, INPUT = 2, 0
"""Of a status: of the reader itself (its case, its power), or of its inputs."""


class Channel:
    """What libosdp reads from and writes to. It is never let go: nothing hangs on it."""

    __slots__ = ("id", "inbox", "outbox")

    def __init__(self) -> None:
        self.id = 0
        self.inbox = bytearray()
        self.outbox: deque[bytes] = deque()

    def read(self, most: int) -> bytes:
        """Hand over what was heard."""
        data = bytes(self.inbox[:most])
        del self.inbox[:most]
        return data

    def write(self, data: bytes) -> int:
        """Take what is to be sent."""
        self.outbox.append(data)
        return len(data)

    def flush(self) -> None:
        """Forget what was heard."""
        self.inbox.clear()


@dataclass(frozen=True, slots=True)
class Identity:
    """What a reader says it is.

    Attributes:
        vendor: its maker's three bytes (IEEE).
        outputs: how many it has.
        inputs: how many it has.
        rows: lines of its display, by its capability's level.
    """

    vendor: str
    model: int
    version: int
    serial: int
    firmware: str
    leds: int
    buzzers: int
    rows: int
    outputs: int
    inputs: int
    secure: bool


class Panel:
    """One reader.

    Args:
        address: its address on the line.
        key: its key; none: it is spoken to in the clear.
        pairing: let a reader that has the default key be given this one.
    """

    def __init__(self, address: int, key: bytes | None, *, pairing: bool = False) -> None:
        import osdp_sys  # noqa: PLC0415  # the extra, there where a reader is

        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)  # it would write to our standard output
        flags = osdp_sys.FLAG_IGN_UNSOLICITED
        if key is not None and not pairing:
            flags |= osdp_sys.FLAG_ENFORCE_SECURE
        self.address = address
        self._channel = Channel()
        info: dict[str, Any] = {"address": address, "flags": flags, "channel": self._channel}
        if key is not None:
            info["scbk"] = key
        self._lib = osdp_sys
        self._context = osdp_sys.ControlPanel([{"name": f"PD-{address}", **info}])
        self.events: deque[dict[str, Any]] = deque()
        """What the reader has told."""
        self.completed: deque[tuple[Kind, bool]] = deque()
        """Commands that have ended, and whether the reader has acknowledged them."""
        self._context.set_event_callback(_taking(self.events))
        self._context.set_command_completion_callback(_ending(self.completed))

    @property
    def online(self) -> bool:
        """Whether the reader is there and takes commands."""
        return bool(self._context.status() & 1)

    @property
    def secure(self) -> bool:
        """Whether a secure channel stands."""
        return bool(self._context.sc_status() & 1)

    @property
    def identity(self) -> Identity:
        """What the reader, which is or was online, has said it is."""
        lib, told = self._lib, self._context.get_pd_id(0)

        def level(capability: int) -> tuple[int, int]:
            found: tuple[int, int] = self._context.check_capability(0, capability)
            return found

        def number(capability: int) -> int:
            compliance, items = level(capability)
            return max(1, items) if compliance else 0

        return Identity(
            vendor=told["vendor_code"].to_bytes(3, "little").hex("-").upper(),
            model=told["model"],
            version=told["version"],
            serial=told["serial_number"] & 0xFFFF_FFFF,
            firmware=".".join(map(str, told["firmware_version"].to_bytes(3, "big"))),
            leds=number(lib.CAP_READER_LED_CONTROL),
            buzzers=number(lib.CAP_READER_AUDIBLE_OUTPUT),
            rows=level(lib.CAP_READER_TEXT_OUTPUT)[0],
            outputs=level(lib.CAP_OUTPUT_CONTROL)[1],
            inputs=level(lib.CAP_CONTACT_STATUS_MONITORING)[1],
            secure=bool(level(lib.CAP_COMMUNICATION_SECURITY)[0] & 1),
        )

    def turn(self) -> bytes | None:
        """Go on; return what it wants to send."""
        for _ in range(STEPS):
            self._context.refresh()
            if self._channel.outbox:
                return self._channel.outbox.popleft()
        return None

    def hear(self, frame: bytes) -> None:
        """Take an answer of the reader."""
        self._channel.inbox += frame
        self._context.refresh()

    def fail(self) -> None:
        """Take it that the answer that is awaited does not come."""
        self.hear(broken(self.address))
        self._context.refresh()

    def submit(self, command: Told) -> bool:
        """Have the reader told something next; False: it is not there, or it cannot be said."""
        try:
            return bool(self._context.submit_command(0, dict(command)))
        except (SystemError, TypeError, ValueError, KeyError):
            return False  # its binding answers and raises at once

    def begin_anew(self) -> bool:
        """Ask the reader who it is, now and not in 300 s; False: not yet, call again.

        What libosdp was about to send meanwhile (it repeats what is not answered) is not sent.
        """
        self._context.flush_commands(0)
        self.fail()
        self._context.disable_pd(0)
        for _ in range(STEPS):
            self._context.refresh()
            if self._channel.outbox:
                self._channel.outbox.clear()
                self.fail()
            if not self._context.is_pd_enabled(0):
                self._context.enable_pd(0)
                self._context.refresh()
                return True
        return False


def _taking(events: deque[dict[str, Any]]) -> "Callable[[int, dict[str, Any]], int]":
    def take(_: int, event: dict[str, Any]) -> int:
        events.append(event.copy())
        event.clear()  # libosdp never gives it back: let it at least be empty
        return 0

    return take


def _ending(completed: deque[tuple[Kind, bool]]) -> "Callable[[int, dict[str, Any], int], None]":
    def end(_: int, command: dict[str, Any], status: int) -> None:
        completed.append((Kind(command["command"]), status == OK))

    return end
