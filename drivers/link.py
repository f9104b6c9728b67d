"""The seam between the venue and a wire: one `Link` per `[[controller]]`, made by its wire.

A link connects by itself and again whenever it is lost, tells of each going and coming once
(`LinkChanged`), tells each id of a device once (the last 4,096), and never replays a command. It
knows devices by the ids of their equipment, no ticket and no space.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from config.models import Channel
from config.wires import WireSettings
from drivers.commands import Command
from drivers.drops import Drops
from drivers.signals import Signal

type Take = Callable[[Signal], None]
"""Takes a signal at once, in the event loop; it never waits and never fails."""

type Speaks = Literal["gate", "contacts", "terminal", "reader"]
"""What a device understands: releases and passages; outputs and inputs; these and what is shown,
sounded and lit at its face; nothing, it only reads."""


class CommandFailed(Exception):
    """A command was not acknowledged: refused, too late, or the device is not there."""


@dataclass(frozen=True, slots=True)
class Device:
    """One equipment as its wire sees it."""

    id: str
    kind: str
    channels: Mapping[str, Channel] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a link is given by the venue.

    Attributes:
        site: the site's id.
        gateway: the id of this gateway.
        address: the broker's, where the wire has one (``mqtt://…``).
        devices: the equipment on this controller.
        take: where signals go.
        wall: the wall clock, milliseconds since the epoch.
        drops: counts what is heard and not taken.
    """

    site: str
    gateway: str
    address: str | None
    devices: Sequence[Device]
    take: Take
    wall: Callable[[], int]
    drops: Drops = field(default_factory=Drops)


class Link(Protocol):
    """One controller on its wire."""

    @property
    def speaks(self) -> Speaks:
        """What its devices understand."""

    async def run(self) -> None:
        """Keep the link until cancelled; everything it started has then ended."""

    def send(self, device: str, command: Command, not_after: int) -> "asyncio.Future[None]":
        """Send a command now; the future ends with its acknowledgement.

        It fails with `CommandFailed` when the device refuses, is not there, or says nothing in the
        wire's own time. Nothing is sent after ``not_after`` (ms since the epoch). Never waits.
        """


class Wire(Protocol):
    """A kind of wire: what a `[[controller]]` of this driver may say, and how its link is made."""

    @property
    def settings(self) -> type[WireSettings]:
        """The model of the controller's own keys."""

    def link(self, settings: WireSettings, surroundings: Surroundings) -> Link:
        """Make the link of one controller."""
