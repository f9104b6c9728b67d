"""The payloads of our own gates (DESIGN 8): bytes ⇄ signals and commands.

Pure. A device may say more than is known here; what it says wrongly is a `Rejected` that names the
field, and nothing else is ever raised.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from drivers.commands import (
    Buzzer,
    Command,
    Light,
    Ping,
    Release,
    Revoke,
    SetMode,
    ShowDecision,
    Text,
)
from drivers.signals import (
    CodeRead,
    Direction,
    GateEvent,
    GateEventType,
    InputChanged,
    Mode,
    StateRead,
)

ROOT: Final = "composteur/v1"
PAYLOAD_LIMIT: Final = 64 * 1024
CODE_LIMIT: Final = 512  # bytes; DESIGN 4

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_PATH: Final = re.compile(r" - at (?:`key` in )?`\$\.?([^`]*)`$")
_MISSING: Final = re.compile(r"missing required field `([^`]*)`")

type Id = Annotated[str, Meta(min_length=1, max_length=128)]
type Word = Annotated[str, Meta(max_length=200)]
type Instant = Annotated[datetime, Meta(tz=True)]
type Count = Annotated[int, Meta(ge=0, lt=2**53)]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that cannot be taken: which field, and what is wrong with it."""

    field: str
    why: str


@dataclass(frozen=True, slots=True)
class Status:
    """A gate says that it is there, or its will says that it is not."""

    online: bool
    boot: str = ""
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Ack:
    """A gate has obeyed a command, or says why not."""

    id: str
    ok: bool
    error: str = ""


class _Status(Struct):
    state: Literal["online", "offline"]
    boot: Word = ""
    ts: Instant | None = None


class _State(Struct):
    boot: Word = ""
    seq: Count = 0
    ts: Instant | None = None
    modes: dict[Direction, Mode] = {}
    inputs: Annotated[dict[Word, bool], Meta(max_length=100)] = {}
    counters: dict[Direction, Count] = {}
    battery: Annotated[int, Meta(ge=0, le=100)] | None = None


class _Scan(Struct):
    id: Id
    code: Annotated[str, Meta(min_length=1, max_length=CODE_LIMIT)]
    direction: Direction | None = None
    symbology: Annotated[str, Meta(max_length=8)] | None = None
    ts: Instant | None = None


class _Ack(Struct):
    id: Id
    ok: bool
    error: Word = ""


class _Event(Struct):
    id: Id
    type: Word
    direction: Direction | None = None
    tx: Id | None = None
    ts: Instant | None = None
    text: Word = ""
    name: Word = ""
    value: bool | None = None
    counters: dict[Direction, Count] = {}


_STATUS: Final = msgspec.json.Decoder(_Status)
_STATE: Final = msgspec.json.Decoder(_State)
_SCAN: Final = msgspec.json.Decoder(_Scan)
_ACK: Final = msgspec.json.Decoder(_Ack)
_EVENT: Final = msgspec.json.Decoder(_Event)
_ENCODER: Final = msgspec.json.Encoder()
_EVENT_TYPES: Final = {str(kind): kind for kind in GateEventType}
_VERBS: Final[Mapping[type[Command], str]] = {
    Release: "release",
    Revoke: "revoke",
    SetMode: "mode",
    Light: "light",
    Text: "text",
    Buzzer: "buzzer",
    Ping: "ping",
}


# --- times


def to_ms(instant: datetime) -> int:
    """Turn an aware instant into milliseconds since the epoch.

    >>> to_ms(datetime(2026, 11, 22, 10, 0, 0, 250_000, tzinfo=UTC))
    1795341600250
    """
    return (instant - EPOCH) // _MILLISECOND


def to_text(at_ms: int) -> str:
    """Write an instant as the contract does: RFC 3339, UTC, milliseconds.

    >>> to_text(1795341600250)
    '2026-11-22T10:00:00.250Z'
    """
    instant = EPOCH + at_ms * _MILLISECOND
    return instant.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


# --- from a gate


def read_status(payload: bytes) -> Status | Rejected:
    """Read `status`."""
    read = read_json(_STATUS, payload)
    if isinstance(read, Rejected):
        return read
    return Status(read.state == "online", read.boot, _at(read.ts))


def read_state(device: str, payload: bytes) -> StateRead | Rejected:
    """Read `state`."""
    read = read_json(_STATE, payload)
    if isinstance(read, Rejected):
        return read
    return StateRead(
        device,
        boot=read.boot,
        modes=read.modes,
        inputs=read.inputs,
        counters=read.counters,
        battery=read.battery,
        at=_at(read.ts),
    )


def read_scan(device: str, payload: bytes) -> CodeRead | Rejected:
    """Read `scan`."""
    read = read_json(_SCAN, payload)
    if isinstance(read, Rejected):
        return read
    if len(read.code.encode()) > CODE_LIMIT:
        return Rejected("code", f"over {CODE_LIMIT} bytes")
    return CodeRead(device, read.code, read.id, read.direction, read.symbology, _at(read.ts))


def read_ack(payload: bytes) -> Ack | Rejected:
    """Read `ack`."""
    read = read_json(_ACK, payload)
    return read if isinstance(read, Rejected) else Ack(read.id, read.ok, read.error)


def read_event(device: str, payload: bytes) -> GateEvent | InputChanged | StateRead | Rejected:
    """Read `event`: what a gate reports, an input, or its counters."""
    read = read_json(_EVENT, payload)
    if isinstance(read, Rejected):
        return read
    at = _at(read.ts)
    if read.type == "input":
        return _input(device, read, at)
    if read.type == "counters":
        boot = read.id.rpartition("-")[0]
        return StateRead(device, boot=boot, counters=read.counters, at=at)
    kind = _EVENT_TYPES.get(read.type)
    if kind is None:
        return Rejected("type", f"unknown: {read.type[:40]!r}")
    return GateEvent(device, kind, read.id, read.direction, read.tx, at, read.text)


def _input(device: str, read: _Event, at: int | None) -> InputChanged | Rejected:
    if not read.name:
        return Rejected("name", "missing: which input?")
    if read.value is None:
        return Rejected("value", "missing: true or false?")
    return InputChanged(device, read.name, read.value, id=read.id, at=at)


def read_json[Read](decoder: msgspec.json.Decoder[Read], payload: bytes) -> Read | Rejected:
    """Read a payload of whatever bytes."""
    if len(payload) > PAYLOAD_LIMIT:
        return Rejected("payload", f"over {PAYLOAD_LIMIT} bytes")
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as error:
        return _located(str(error))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Rejected("payload", f"no JSON: {error}")


def _located(text: str) -> Rejected:
    """Take a message of msgspec's apart.

    >>> _located("Expected `str`, got `int` - at `$.code`")
    Rejected(field='code', why='Expected `str`, got `int`')
    """
    if missing := _MISSING.search(text):
        return Rejected(missing[1], "missing")
    path = _PATH.search(text)
    return Rejected((path[1] if path else "") or "payload", _PATH.sub("", text))


def _at(instant: datetime | None) -> int | None:
    return None if instant is None else to_ms(instant)


# --- to a gate


def write(fields: Mapping[str, Any]) -> bytes:
    """Write a payload."""
    return _ENCODER.encode(fields)


def write_command(command: Command, command_id: str, not_after: int) -> bytes | None:
    """Write `cmd`; None for what a gate of ours cannot be told."""
    verb = _VERBS.get(type(command))
    if verb is None:
        return None
    arguments: dict[str, Any] = msgspec.to_builtins(command)
    if isinstance(command, Light | Buzzer):
        arguments = {"pattern": command.pattern}  # a gate of ours knows how that looks and sounds
    return write({"id": command_id, "do": verb, "not_after": to_text(not_after), **arguments})


def write_decision(decision: ShowDecision) -> bytes:
    """Write `decision`: shown to whoever stands there, so it never has the holder's name."""
    document = decision.document
    ticket = document.get("ticket")
    if isinstance(ticket, dict):
        ticket = {name: value for name, value in ticket.items() if name != "holder"}
        document = {**document, "ticket": ticket}
    return write({**document, "id": decision.id})


def write_gateway_status(*, online: bool, at: int) -> bytes:
    """Write a gateway's own `status`."""
    return write({"state": "online" if online else "offline", "ts": to_text(at)})


def gate_topic(site: str, equipment: str, leaf: str) -> str:
    """Name a topic of a gate."""
    return f"{ROOT}/{site}/{equipment}/{leaf}"


def gateway_topic(site: str, gateway: str) -> str:
    """Name the topic of a gateway's own status."""
    return f"{ROOT}/{site}/gateway/{gateway}/status"
