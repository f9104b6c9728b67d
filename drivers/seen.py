"""Devices that are there without being described: what a wire can tell of them, when asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Seen:
    """A device on a wire, and how a site file would describe it.

    Attributes:
        driver: the wire it is on.
        name: what it calls itself.
        controller: the keys of its `[[controller]]` beside id and driver.
        equipment: the id that its equipment must have, where its own name is that.
        online: whether it is there now; ``None`` where the wire cannot tell.
    """

    driver: str
    name: str
    controller: Mapping[str, Any]
    equipment: str | None = None
    online: bool | None = None


@runtime_checkable
class Lookout(Protocol):
    """A wire that can tell who is on it; a wire that must not be asked is none."""

    async def look(self, site: str, address: str | None) -> Sequence[Seen]:
        """Return the devices that are there, described or not, within two seconds.

        Args:
            site: the site's id.
            address: the broker's, where the wire has one.
        """
