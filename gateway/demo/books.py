"""What the gateway's books say, read as any client reads them, and compared with who was there."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

import aiohttp
import asyncpg

from gateway.demo.counts import Counts
from gateway.demo.keyring import ADMIN, Keys
from gateway.demo.museum import Space

AGREES_WITHIN_S = 5.0
LOOK_S = 0.1
ROOMS = (Space.COLLECTION, Space.EXHIBITION)

NOW = "SELECT now()"
PERSONS = """
SELECT space, direction, sum(counted_persons)::int AS persons,
    sum(counted_persons) FILTER (
        WHERE reader = ANY($2) OR (kind = 'count' AND operator = $3)
    )::int AS seen
FROM composteur.scan_event
WHERE at >= $1 AND counted_persons <> 0
GROUP BY space, direction
"""
"""Persons of a run, and those of them whom the visitors themselves have seen pass."""
NOBODY: Final[dict[str, Any]] = {}


@dataclass(slots=True)
class Standing:
    """How spaces and equipment stand, as the gateway tells it."""

    spaces: Sequence[dict[str, Any]] = ()
    equipment: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    disturbed: bool = False
    """Somebody has set a mode since the beginning: not everything is as the visitors expect."""

    def ordinary(self) -> bool:
        """Tell whether nothing is free, locked or evacuated."""
        modes = {space["mode"] for space in self.spaces}
        for each in self.equipment.values():
            modes |= set(each["modes"].values())
        return modes <= {"normal", None}

    def evacuated(self, room: Space) -> bool:
        """Tell whether a room, or the whole museum, is evacuated."""
        around = {room, Space.MUSEUM}
        return any(each["mode"] == "evacuate" and each["id"] in around for each in self.spaces)


class Window:
    """Looks at spaces and equipment over HTTP."""

    def __init__(self, http: aiohttp.ClientSession, keys: Keys) -> None:
        self.standing = Standing()
        self.calm = False
        """Everything works as usual, and did so when it was looked at before."""
        self._http = http
        self._keys = keys

    async def look(self) -> Standing:
        """Ask how everything stands; as before, if nobody answers."""
        try:
            spaces = await self._items("/v1/spaces")
            equipment = await self._items("/v1/equipment")
        except (aiohttp.ClientError, TimeoutError):
            return self.standing
        standing = Standing(
            spaces, {each["id"]: each for each in equipment}, self.standing.disturbed
        )
        standing.disturbed |= not standing.ordinary()
        self.calm = standing.ordinary() and self.standing.ordinary()
        self.standing = standing
        return standing

    async def ordinary(self) -> bool:
        """Tell whether everything works as usual, and has done so for a while."""
        return self.calm and (await self.look()).ordinary()

    async def _items(self, path: str) -> list[dict[str, Any]]:
        async with self._http.get(path, headers=self._keys.bearing(ADMIN)) as response:
            response.raise_for_status()
            items: list[dict[str, Any]] = (await response.json())["items"]
            return items


@dataclass(frozen=True, slots=True)
class Room:
    """The books of one room in a run."""

    came: int = 0
    left: int = 0
    differs: str = ""
    """How they differ from what was seen; empty: not at all."""


class Books:
    """The persons in the books since the beginning of a run.

    Args:
        connection: to the central database.
        readers: those at which visitors were seen to pass.
        since: the beginning of the run.
    """

    def __init__(
        self, connection: asyncpg.Connection, readers: Sequence[str], since: datetime
    ) -> None:
        self._connection = connection
        self._readers = list(readers)
        self._since = since

    @classmethod
    async def opened(cls, connection: asyncpg.Connection, readers: Sequence[str]) -> Self:
        """Open the books now."""
        return cls(connection, readers, await connection.fetchval(NOW))

    async def close(self, window: Window, counts: Counts) -> dict[Space, Room]:
        """Read what the books say once all is written, and compare it.

        What a gate has told last, or an operator has done, is on its way for a moment: what differs
        is looked at again.
        """
        ends_at = asyncio.get_running_loop().time() + AGREES_WITHIN_S
        while True:
            standing = await window.look()
            rooms = await self._read(standing, counts)
            differ = any(room.differs for room in rooms.values())
            if not differ or asyncio.get_running_loop().time() > ends_at:
                return rooms
            await asyncio.sleep(LOOK_S)

    async def _read(self, standing: Standing, counts: Counts) -> dict[Space, Room]:
        rows = await self._connection.fetch(PERSONS, self._since, self._readers, ADMIN)
        books = {(row["space"], row["direction"]): dict(row) for row in rows}
        inside = {space["id"]: space["inside"] for space in standing.spaces}
        rooms = {}
        for room in ROOMS:
            entry, out = books.get((room, "entry"), NOBODY), books.get((room, "exit"), NOBODY)
            came, left = entry.get("persons") or 0, out.get("persons") or 0
            compared = (
                ("came", counts.entered[room], entry.get("seen") or 0),
                ("left", counts.left[room], out.get("seen") or 0),
                ("inside by the books", came - left, inside.get(room)),
            )
            differs = [
                f"{ours} {what}, {theirs} for the gateway"
                for what, ours, theirs in compared
                if ours != theirs
            ]
            rooms[room] = Room(came, left, "; ".join(differs))
        return rooms
