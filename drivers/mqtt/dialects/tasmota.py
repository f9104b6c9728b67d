"""Tasmota: a topic for each command, the answers in `stat/TOPIC/RESULT`.

`PulseTimeN` makes relay N switch itself off: 1 to 111 in tenths of a second, above that in seconds
from 100 on. It is a setting of the relay and not of the command, so it is written, and read back,
before a relay is switched on for another length than the last. Switches report once they are
detached from the relays (`SetOption114 1`, `SwitchMode 1`). A relay alone is `POWER`, not `POWER1`.

Sources: tasmota.github.io/docs Commands, MQTT, Buttons-and-Switches; arendst/Tasmota #2053;
hardware.md 3.1 (its PulseTime is marked [K]; the shape of the answers was seen in public logs).
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from drivers.mqtt import codec
from drivers.mqtt.codec import Rejected
from drivers.mqtt.dialects.dialect import Answered, Level, Present, Said, Step
from drivers.mqtt.packets import Filter

_TENTHS: Final = 111
_SECONDS_FROM: Final = 100
_MOST: Final = 64_900

_LEVELS: Final = {"ON": True, "OFF": False}
_POWER: Final = re.compile(r"POWER(\d*)")
_PULSE: Final = re.compile(r"PulseTime(\d*)")
_SWITCH: Final = re.compile(r"Switch(\d+)")
_FIELDS: Final = msgspec.json.Decoder(dict[str, Any])


def pulse_time(ms: int) -> int:
    """Write a length as Tasmota counts it, never shorter than asked.

    >>> [pulse_time(ms) for ms in (0, 50, 500, 501, 11_100, 11_101, 30_000)]
    [1, 1, 5, 6, 111, 112, 130]
    """
    tenths = max(1, -(-ms // 100))
    if tenths <= _TENTHS:
        return tenths
    return min(_MOST, _SECONDS_FROM + -(-ms // 1000))


class Tasmota:
    """One Tasmota."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._pulses: dict[int, int] = {}
        """What each relay was told, and has confirmed, of its pulse."""
        self._present = f"tele/{topic}/LWT"
        self._result = f"stat/{topic}/RESULT"
        self._status = f"stat/{topic}/STATUS10"
        self._sensor = f"tele/{topic}/SENSOR"

    @property
    def filters(self) -> Sequence[Filter]:
        """Presence is kept by the broker; the rest is worth something at once or never."""
        others = (self._result, self._status, self._sensor)
        return (
            Filter(self._present, kept=True),
            *(Filter(topic, queued=False) for topic in others),
        )

    def understand(self, topic: str, payload: bytes) -> Iterable[Said]:
        """Tell what a message means."""
        if topic == self._present:
            if payload not in {b"Online", b"Offline"}:
                return (Rejected("LWT", "neither Online nor Offline"),)
            return (Present(payload == b"Online"),)
        fields = codec.read_json(_FIELDS, payload)
        if isinstance(fields, Rejected):
            return (fields,)
        said: list[Said] = []
        if topic == self._status:
            said.append(Answered("STATUS10"))
            sensors = fields.get("StatusSNS")
            fields = sensors if isinstance(sensors, dict) else {}
        for name, value in fields.items():
            said += self._one(name, value, live=topic == self._result)
        return said

    def _one(self, name: str, value: Any, *, live: bool) -> Iterable[Said]:
        if found := _POWER.fullmatch(name):
            if value in ("ON", "OFF"):
                yield Answered(f"POWER{found[1] or 1}={value}")
        elif found := _PULSE.fullmatch(name):
            told = value.get("Set") if isinstance(value, dict) else None
            if isinstance(told, int) and not isinstance(told, bool):
                relay = int(found[1] or 1)
                self._pulses[relay] = told
                yield Answered(f"PulseTime{relay}={told}")
        elif found := _SWITCH.fullmatch(name):
            action = value.get("Action") if isinstance(value, dict) else value
            if isinstance(action, str) and action in _LEVELS:
                yield Level(int(found[1]), _LEVELS[action], live=live)

    def ask(self, name: str) -> Sequence[Step]:
        """Ask for the sensors, which the switches are among."""
        del name
        return (Step(f"cmnd/{self._topic}/STATUS", b"10", "STATUS10"),)

    def forget(self) -> None:
        """Somebody may have given the relays other pulses meanwhile."""
        self._pulses.clear()

    def pulse(self, output: int, ms: int, name: str, *, on: bool) -> Sequence[Step] | None:
        """Switch an output on for so long; it cannot be switched off for so long."""
        del name
        return (*self._armed(output, pulse_time(ms)), *self._power(output, on=True)) if on else None

    def switch(self, output: int, name: str, *, on: bool) -> Sequence[Step]:
        """Switch an output; one that is to stay on must have no pulse."""
        del name
        armed = self._armed(output, 0) if on else ()
        return (*armed, *self._power(output, on=on))

    def _armed(self, output: int, told: int) -> Sequence[Step]:
        if self._pulses.get(output) == told:
            return ()
        topic = f"cmnd/{self._topic}/PulseTime{output}"
        return (Step(topic, str(told).encode(), f"PulseTime{output}={told}"),)

    def _power(self, output: int, *, on: bool) -> Sequence[Step]:
        level = "ON" if on else "OFF"
        topic = f"cmnd/{self._topic}/POWER{output}"
        return (Step(topic, level.encode(), f"POWER{output}={level}"),)
