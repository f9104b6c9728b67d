"""Boards with relays that are not there: each speaks its maker's dialect on the true wire."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, override

import msgspec

from drivers.mqtt import codec
from drivers.mqtt.connection import Away, Target, connected
from drivers.mqtt.packets import Filter, Message, Will
from drivers.mqtt.settings import DialectName
from drivers.mqtt.simulated import Simulated

_FIELDS: Final = msgspec.json.Decoder(dict[str, Any])
_WORDS: Final = {True: "ON", False: "OFF"}


@dataclass(slots=True)
class BoardFaults:
    """What is wrong with the board; change it while it runs."""

    mute: bool = False
    frozen: bool = False
    refuse: str = ""


class SimulatedBoard(Simulated):
    """A board: outputs that switch (and switch back), inputs that somebody operates."""

    present, absent = b"true", b"false"

    def __init__(self, url: str, prefix: str, *, wall: Callable[[], int]) -> None:
        super().__init__(f"board-{prefix}")
        self.prefix = prefix
        self.faults = BoardFaults()
        self.outputs: dict[int, bool] = {}
        self.inputs: dict[int, bool] = {}
        self.switched: list[tuple[int, bool, float]] = []
        """Every change of an output: which, to what, and when (seconds of the loop)."""
        self._target = Target(url)
        self._wall = wall
        self._ends: dict[int, asyncio.TimerHandle] = {}

    @property
    @abstractmethod
    def topics(self) -> list[str]:
        """What it listens to."""

    @property
    @abstractmethod
    def presence(self) -> str:
        """Where it says that it is there."""

    @abstractmethod
    def take(self, topic: str, payload: bytes) -> None:
        """Follow a message."""

    @abstractmethod
    def tell_output(self, number: int) -> None:
        """Say how an output stands now."""

    @abstractmethod
    def tell_input(self, number: int) -> None:
        """Say how an input stands now."""

    # --- life

    @override
    def _close(self) -> None:
        for end in self._ends.values():
            end.cancel()

    @override
    async def _connect(self) -> None:
        will = Will(self.presence, self.absent)
        async with connected(
            self._target, self.prefix, will, self._heard, modern=False, session_s=0
        ) as connection:
            await connection.subscribe([Filter(topic) for topic in self.topics])
            self._connection = connection
            self.say(self.presence, self.present, retain=True)
            for number in self.inputs:
                self.tell_input(number)
            self.up.set()
            try:
                await connection.lost()
            except asyncio.CancelledError:
                self.say(self.presence, self.absent, retain=True)
                raise

    def _heard(self, message: Message) -> None:
        if not self.faults.frozen:
            self.take(message.topic, message.payload)

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish."""
        if self._connection is None or self.faults.frozen or self.faults.mute:
            return
        with suppress(Away):
            self._connection.publish(topic, payload, retain=retain)

    # --- its contacts

    def set_input(self, number: int, *, value: bool) -> None:
        """Operate an input."""
        self.inputs[number] = value
        self.tell_input(number)

    def switch(self, number: int, *, on: bool, back_after_s: float | None = None) -> None:
        """Switch an output, and back by itself."""
        if end := self._ends.pop(number, None):
            end.cancel()
        self._turn(number, on=on)
        if back_after_s:
            loop = asyncio.get_running_loop()
            self._ends[number] = loop.call_later(back_after_s, self._turn_back, number, not on)

    def _turn(self, number: int, *, on: bool) -> None:
        self.outputs[number] = on
        self.switched.append((number, on, asyncio.get_running_loop().time()))
        self.tell_output(number)

    def _turn_back(self, number: int, on: bool) -> None:  # noqa: FBT001
        self._turn(number, on=on)


class ShellyBoard(SimulatedBoard):
    """A Shelly of the second generation."""

    @property
    @override
    def topics(self) -> list[str]:
        return [f"{self.prefix}/rpc"]

    @property
    @override
    def presence(self) -> str:
        return f"{self.prefix}/online"

    @override
    def take(self, topic: str, payload: bytes) -> None:
        frame = _FIELDS.decode(payload)
        answer: dict[str, Any] = {"id": frame["id"], "src": self.prefix, "dst": frame["src"]}
        params = frame.get("params", {})
        if self.faults.refuse:
            answer["error"] = {"code": -103, "message": self.faults.refuse}
        elif frame["method"] == "Switch.Set":
            answer["result"] = {"was_on": self.outputs.get(params["id"], False)}
        elif frame["method"] == "Shelly.GetStatus":
            answer["result"] = {
                f"input:{number}": {"id": number, "state": value}
                for number, value in self.inputs.items()
            }
        else:
            answer["error"] = {"code": 404, "message": f"No handler for {frame['method']}"}
        self.say(f"{frame['src']}/rpc", codec.write(answer))
        if "result" in answer and frame["method"] == "Switch.Set":
            self.switch(params["id"], on=params["on"], back_after_s=params.get("toggle_after"))

    @override
    def tell_output(self, number: int) -> None:
        self._notify(f"switch:{number}", {"id": number, "output": self.outputs[number]})

    @override
    def tell_input(self, number: int) -> None:
        self._notify(f"input:{number}", {"id": number, "state": self.inputs[number]})

    def _notify(self, component: str, fields: dict[str, Any]) -> None:
        frame = {
            "src": self.prefix,
            "dst": f"{self.prefix}/events",
            "method": "NotifyStatus",
            "params": {"ts": self._wall() / 1000, component: fields},
        }
        self.say(f"{self.prefix}/events/rpc", codec.write(frame))


class TasmotaBoard(SimulatedBoard):
    """A Tasmota with more than one relay."""

    present, absent = b"Online", b"Offline"
    relays = 8

    def __init__(self, url: str, prefix: str, *, wall: Callable[[], int]) -> None:
        super().__init__(url, prefix, wall=wall)
        self.pulse_times = dict.fromkeys(range(1, self.relays + 1), 0)

    @property
    @override
    def topics(self) -> list[str]:
        return [f"cmnd/{self.prefix}/#"]

    @property
    @override
    def presence(self) -> str:
        return f"tele/{self.prefix}/LWT"

    @override
    def take(self, topic: str, payload: bytes) -> None:
        command = topic.rpartition("/")[2]
        name = command.rstrip("0123456789")
        number = int(command.removeprefix(name) or 1)
        if self.faults.refuse:
            self._result({"Command": self.faults.refuse})
        elif name == "POWER":
            pulse = self.pulse_times[number]
            seconds = pulse / 10 if pulse <= 111 else pulse - 100.0  # noqa: PLR2004  # as Tasmota
            on = payload == b"ON"
            self.switch(number, on=on, back_after_s=seconds if on else None)
        elif name == "PulseTime":
            self.pulse_times[number] = int(payload)
            self._result({command: {"Set": int(payload), "Remaining": 0}})
        elif name == "STATUS":
            sensors = {f"Switch{switch}": _WORDS[on] for switch, on in self.inputs.items()}
            status = codec.write({"StatusSNS": {"Time": "2026-11-22T10:00:00", **sensors}})
            self.say(f"stat/{self.prefix}/STATUS10", status)

    @override
    def tell_output(self, number: int) -> None:
        self._result({f"POWER{number}": _WORDS[self.outputs[number]]})

    @override
    def tell_input(self, number: int) -> None:
        self._result({f"Switch{number}": {"Action": _WORDS[self.inputs[number]]}})

    def _result(self, fields: dict[str, Any]) -> None:
        self.say(f"stat/{self.prefix}/RESULT", codec.write(fields))


class ESPHomeBoard(SimulatedBoard):
    """An ESPHome board whose YAML lets its relays drop after `pulse_s`."""

    present, absent = b"online", b"offline"
    pulse_s: float | None = 0.5

    @property
    @override
    def topics(self) -> list[str]:
        return [f"{self.prefix}/switch/+/command"]

    @property
    @override
    def presence(self) -> str:
        return f"{self.prefix}/status"

    @override
    def take(self, topic: str, payload: bytes) -> None:
        if not self.faults.refuse:  # it has no way to say so
            number = int(topic.split("/")[-2].rpartition("_")[2])
            on = payload == b"ON"
            self.switch(number, on=on, back_after_s=self.pulse_s if on else None)

    @override
    def tell_output(self, number: int) -> None:
        state = _WORDS[self.outputs[number]].encode()
        self.say(f"{self.prefix}/switch/relay_{number}/state", state, retain=True)

    @override
    def tell_input(self, number: int) -> None:
        state = _WORDS[self.inputs[number]].encode()
        self.say(f"{self.prefix}/binary_sensor/input_{number}/state", state, retain=True)


BOARDS: Final[dict[DialectName, type[SimulatedBoard]]] = {
    "shelly": ShellyBoard,
    "tasmota": TasmotaBoard,
    "esphome": ESPHomeBoard,
}
"""The boards by their dialects."""
