"""ESPHome: a topic for each switch and binary sensor, named by its object id.

`PREFIX/switch/ID/command` takes ON and OFF; `PREFIX/switch/ID/state` and
`PREFIX/binary_sensor/ID/state` tell how it stands (retained); `PREFIX/status` is birth and will.
Commands have no id and no length: what confirms one is the state it leads to, and a pulse is for
the board's YAML (docs/mqtt.md), or else two messages of ours.

Sources: esphome.io/components/mqtt, /switch, /binary_sensor; hardware.md 3.1.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from drivers.mqtt.codec import Rejected
from drivers.mqtt.dialects.dialect import Answered, Level, Present, Said, Step
from drivers.mqtt.packets import Filter

_LEVELS: Final = {b"ON": True, b"OFF": False}
_PRESENT: Final = {b"online": True, b"offline": False}


class ESPHome:
    """One board; `outputs` and `inputs` are the object ids by their numbers."""

    def __init__(
        self,
        prefix: str,
        outputs: dict[int, str],
        inputs: dict[int, str],
        *,
        hardware_pulse: bool,
    ) -> None:
        self._present = f"{prefix}/status"
        self._commands = {
            number: f"{prefix}/switch/{name}/command" for number, name in outputs.items()
        }
        self._outputs = {
            f"{prefix}/switch/{name}/state": number for number, name in outputs.items()
        }
        self._inputs = {
            f"{prefix}/binary_sensor/{name}/state": number for number, name in inputs.items()
        }
        self._hardware_pulse = hardware_pulse

    @property
    def filters(self) -> Sequence[Filter]:
        """All of it is kept by the broker."""
        topics = (self._present, *self._outputs, *self._inputs)
        return [Filter(topic, queued=False, kept=True) for topic in topics]

    def understand(self, topic: str, payload: bytes) -> Iterable[Said]:
        """Tell what a message means."""
        if topic == self._present:
            online = _PRESENT.get(payload)
            if online is None:
                return (Rejected("status", "neither online nor offline"),)
            return (Present(online),)
        level = _LEVELS.get(payload)
        if level is None:
            return (Rejected("state", "neither ON nor OFF"),)
        if topic in self._inputs:
            return (Level(self._inputs[topic], level),)
        return (Answered(f"{self._outputs[topic]}={level}"),)

    def ask(self, name: str) -> Sequence[Step]:
        """It cannot be asked; the broker has kept what it said."""
        del name
        return ()

    def forget(self) -> None:
        """Nothing is remembered."""

    def pulse(self, output: int, ms: int, name: str, *, on: bool) -> Sequence[Step] | None:
        """Switch an output on; its YAML switches it off."""
        del ms
        return self.switch(output, name, on=True) if on and self._hardware_pulse else None

    def switch(self, output: int, name: str, *, on: bool) -> Sequence[Step]:
        """Switch an output."""
        del name
        topic = self._commands[output]
        return (Step(topic, b"ON" if on else b"OFF", f"{output}={on}"),)
