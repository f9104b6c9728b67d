"""Wires for tests of the site file: what each real one looks like from `config`, and no more."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Literal, override

from pydantic import Field, SecretStr, Strict

from config.values import Kind
from config.wires import ChannelRange, Wires, WireSettings, contacts


class Gate(WireSettings):
    """A gate of ours on MQTT, or a board with relays in another dialect."""

    dialect: Literal["composteur", "shelly", "tasmota", "esphome"] = "composteur"
    prefix: str | None = None
    password: SecretStr | None = None
    tls_ca: Path | None = None

    @override
    def channels(self, kind: Kind) -> Mapping[str, ChannelRange]:
        return {} if self.dialect == "composteur" else contacts(kind, range(4), range(4))

    @override
    def reports_passages(self, kind: Kind, channels: Collection[str]) -> bool:
        ours = self.dialect == "composteur" and kind in {"turnstile", "door"}
        return ours or super().reports_passages(kind, channels)


class Board(WireSettings):
    """A board with eight relays and eight inputs on Modbus; its lock needs its contact."""

    host: str
    port: Annotated[int, Strict(), Field(ge=1, le=65535)] = 502
    unit: Annotated[int, Strict(), Field(ge=0, le=247)] = 1

    @override
    def channels(self, kind: Kind) -> Mapping[str, ChannelRange]:
        found = contacts(kind, range(1, 9), range(1, 9))
        if kind == "door":
            found["bond"] = ChannelRange(output=False, lowest=1, highest=8, pair_with="contact")
        return found


class Call(WireSettings):
    """A gate that reports its passages over HTTP."""

    @override
    def reports_passages(self, kind: Kind, channels: Collection[str]) -> bool:
        return True


WIRES: Wires = {"http": Call, "modbus": Board, "mqtt": Gate}
