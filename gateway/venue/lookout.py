"""Devices that are on a wire and in no site file: offered to whoever sets the venue up."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from config import Site
from drivers.seen import Lookout, Seen

__all__ = ("Seen", "undescribed")


async def undescribed(site: Site, wires: Iterable[object], address: str | None) -> Sequence[Seen]:
    """Ask every wire that can be asked who is there; return those that the site does not name.

    Args:
        site: what is described.
        wires: the wires of this installation.
        address: the broker's, where the site has one (``mqtt://…``).
    """
    asked = (wire.look(site.id, address) for wire in wires if isinstance(wire, Lookout))
    found = await asyncio.gather(*asked)
    return [seen for each in found for seen in each if not _is_described(site, seen)]


def _is_described(site: Site, seen: Seen) -> bool:
    if seen.equipment is not None:
        return any(each.id == seen.equipment for each in site.equipment)
    wanted: dict[str, Any] = dict(seen.controller)
    return any(
        each.driver == seen.driver and wanted.items() <= each.settings.items()
        for each in site.controllers
    )
