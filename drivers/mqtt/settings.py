"""What a `[[controller]]` with `driver = "mqtt"` may say: the dialect, the broker, the patience."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, override

from pydantic import Field, SecretStr, Strict, model_validator

from config.values import Kind
from config.wires import ChannelRange, WireSettings, contacts

type DialectName = Literal["composteur", "shelly", "tasmota", "esphome"]
type Protocol = Literal["auto", "5", "3.1.1"]

LONGEST_ACK_MS = 900
"""An operator, and the venue's machines, are told within a second whether a command was obeyed."""

_OUTPUTS: Mapping[DialectName, range] = {
    "composteur": range(0),
    "shelly": range(16),
    "tasmota": range(1, 9),  # above the eighth, older ones share PulseTime with the first eight
    "esphome": range(100),
}
_INPUTS: Mapping[DialectName, range] = {
    "composteur": range(0),
    "shelly": range(200),  # those of an Add-on begin at 100
    "tasmota": range(1, 29),
    "esphome": range(100),
}


class MqttSettings(WireSettings):
    """A gate of ours on MQTT; or a board in the dialect of Shelly, Tasmota or ESPHome.

    The broker is that of `[stores] mqtt`. User and password may stand in its address; those given
    here come first.
    """

    dialect: DialectName = "composteur"
    """`composteur` is the contract of docs/mqtt.md; the others are boards with relays."""
    prefix: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^+#\s]+$")] | None = None
    """The board's own topic prefix, such as `shellyplus1-a8032abe54dc`; gates of ours have none."""
    protocol: Protocol = "auto"
    """The version of MQTT: 5, and 3.1.1 where the broker knows no better."""
    username: str | None = None
    password: SecretStr | None = None
    tls_ca: Path | None = None
    """Who vouches for the broker; default: those whom this machine trusts."""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    keepalive_s: Annotated[int, Strict(), Field(ge=1, le=60)] = 5
    """A device not heard for so long is asked; one silent for 2.2 times as long is down."""
    ack_ms: Annotated[int, Strict(), Field(ge=50, le=LONGEST_ACK_MS)] = 500
    """How long a command's acknowledgement may take."""
    hardware_pulse: bool = True
    """ESPHome: its YAML lets a switch drop by itself (docs/mqtt.md); else we switch it off."""
    switch_name: str = "relay_{}"
    """ESPHome: the object id of an output, its number in the place of the braces."""
    sensor_name: str = "input_{}"
    """ESPHome: the object id of an input."""

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.dialect == "composteur" and self.prefix is not None:
            raise ValueError("a gate of ours has no prefix: its topic is that of its equipment")
        if self.dialect != "composteur" and self.prefix is None:
            raise ValueError(f"prefix is missing: the topic that this {self.dialect} begins with")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key belong together")
        for name in (self.switch_name, self.sensor_name):
            if name.count("{}") != 1:
                raise ValueError(f"{name!r} must have {{}} once, in the place of the number")
        return self

    @override
    def channels(self, kind: Kind) -> Mapping[str, ChannelRange]:
        """Return the contacts of a board; a gate of ours has none, it knows its own."""
        return contacts(kind, _OUTPUTS[self.dialect], _INPUTS[self.dialect])

    @property
    @override
    def board(self) -> tuple[str, str] | None:
        """Its prefix; gates of ours are each a board of its own."""
        return None if self.prefix is None else ("prefix", self.prefix)

    @override
    def reports_passages(self, kind: Kind, channels: Collection[str]) -> bool:
        """Tell whether passages are reported: a gate of ours that lets people pass does."""
        if self.dialect == "composteur":
            return kind in {"turnstile", "door"}
        return super().reports_passages(kind, channels)
