"""Shelly, second generation and later: JSON-RPC over MQTT.

A request goes to `PREFIX/rpc`, its answer comes to `SRC/rpc` with the request's `id`; changes come
to `PREFIX/events/rpc` (`rpc_ntf`, on by default), presence to `PREFIX/online` (retained will).
`Switch.Set` with `toggle_after` is a pulse that the board ends by itself.

Sources: shelly-api-docs.shelly.cloud/gen2, General/RPCProtocol, General/Notifications,
ComponentsAndServices/Mqtt, Switch and Input; hardware.md 3.1.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from drivers.mqtt import codec
from drivers.mqtt.codec import Rejected
from drivers.mqtt.dialects.dialect import Answered, Level, Present, Said, Step
from drivers.mqtt.packets import Filter

_SHORTEST_S: Final = 0.1


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Frame(msgspec.Struct):
    """Any frame of theirs: an answer, or a notification."""

    id: str | int | None = None
    src: str = ""
    method: str = ""
    result: Any = None
    error: _Error | None = None
    params: dict[str, Any] | None = None


class _Input(msgspec.Struct):
    state: bool | None = None


_FRAME: Final = msgspec.json.Decoder(_Frame)


class Shelly:
    """One Shelly."""

    def __init__(self, prefix: str, source: str) -> None:
        self._rpc = f"{prefix}/rpc"
        self._online = f"{prefix}/online"
        self._events = f"{prefix}/events/rpc"
        self._source = source
        self._answers = f"{source}/rpc"

    @property
    def filters(self) -> Sequence[Filter]:
        """Presence is kept by the broker; the rest is worth something at once or never."""
        return (
            Filter(self._online, kept=True),
            Filter(self._events, queued=False),
            Filter(self._answers, queued=False),
        )

    def understand(self, topic: str, payload: bytes) -> Iterable[Said]:
        """Tell what a message means."""
        if topic == self._online:
            if payload not in {b"true", b"false"}:
                return (Rejected("online", "neither true nor false"),)
            return (Present(payload == b"true"),)
        frame = codec.read_json(_FRAME, payload)
        if isinstance(frame, Rejected):
            return (frame,)
        if topic == self._answers:
            return self._answered(frame)
        if frame.method == "NotifyStatus" and frame.params is not None:
            return _levels(frame.params, live=True)
        return ()

    def ask(self, name: str) -> Sequence[Step]:
        """Ask for everything: the inputs are among it."""
        return (self._request("Shelly.GetStatus", {}, name),)

    def forget(self) -> None:
        """Nothing is remembered."""

    def pulse(self, output: int, ms: int, name: str, *, on: bool) -> Sequence[Step]:
        """Switch an output for so long."""
        seconds = max(ms / 1000, _SHORTEST_S)
        asked = {"id": output, "on": on, "toggle_after": seconds}
        return (self._request("Switch.Set", asked, name),)

    def switch(self, output: int, name: str, *, on: bool) -> Sequence[Step]:
        """Switch an output."""
        return (self._request("Switch.Set", {"id": output, "on": on}, name),)

    def _request(self, method: str, params: dict[str, Any], name: str) -> Step:
        frame = {"id": name, "src": self._source, "method": method, "params": params}
        return Step(self._rpc, codec.write(frame), name)

    @staticmethod
    def _answered(frame: _Frame) -> Iterable[Said]:
        if frame.id is None:
            yield Rejected("id", "missing")
            return
        if frame.error is not None:
            yield Answered(str(frame.id), ok=False, error=frame.error.message or "refused")
            return
        yield Answered(str(frame.id))
        if isinstance(frame.result, dict):
            yield from _levels(frame.result, live=False)


def _levels(components: dict[str, Any], *, live: bool) -> Iterable[Said]:
    """Find the inputs among components, `input:0` and so on."""
    ts = components.get("ts")
    at = round(ts * 1000) if isinstance(ts, int | float) and 0 < ts < 1e11 else None  # noqa: PLR2004
    for name, fields in components.items():
        kind, _, number = str(name).partition(":")
        if kind != "input" or not number.isdecimal():
            continue
        try:
            state = msgspec.convert(fields, _Input).state
        except msgspec.ValidationError as error:
            yield Rejected(str(name)[:40], str(error))
            continue
        if state is not None:  # None: set up as a button, not as a switch
            yield Level(int(number), state, at, live)
