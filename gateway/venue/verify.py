"""Prove that three books say the same: the store's tickets, the events, the attendance.

The database's half is one snapshot. The store moves on meanwhile, so what differs is looked at
again until the events that were under way have arrived; what then still differs is an error.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.central.connection import Central
from gateway.central.verify import Difference, differences
from gateway.entitlements.admin import StoreAdmin

PATIENCE_S = 15.0
LOOK_S = 0.25
QUIET_LOOKS = 3
"""What still differs after so many looks with nothing under way will not come right."""
SHOWN = 10
IN_FLIGHT_SHOWN = 5
COUNTED_IN_FLIGHT = 100_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found."""

    events: int
    stamps: int
    in_flight: tuple[str, ...]
    """Events on their way into the database while we looked."""
    differing: tuple[str, ...]
    """What does not agree, a line each."""

    @property
    def clean(self) -> bool:
        """Whether the books agree."""
        return not self.differing

    def lines(self) -> Iterator[str]:
        """Say it."""
        if self.clean:
            figures = f"{self.events:,} events, {self.stamps:,} stamps"
            yield f"verify: store = events = attendance ✓  ({figures})"
        else:
            yield f"verify: {len(self.differing)} differences ✗"
            yield from self.differing[:SHOWN]
        if self.in_flight:
            named = ", ".join(self.in_flight[:IN_FLIGHT_SHOWN])
            more = " …" if len(self.in_flight) > IN_FLIGHT_SHOWN else ""
            yield f"in flight: {len(self.in_flight)} events ({named}{more})"


async def prove(admin: StoreAdmin, central: Central, site: str) -> Verdict:
    """Compare the books of a site.

    Raises:
        StoreUnavailable: the store does not answer.
        DatabaseUnavailable: the database does not.
    """
    await _until_arrived(admin, central, site)
    differing = await _differing_stamps(admin, central, site)
    ends_at = asyncio.get_running_loop().time() + PATIENCE_S
    quiet = 0
    while differing and quiet < QUIET_LOOKS and asyncio.get_running_loop().time() < ends_at:
        await asyncio.sleep(LOOK_S)
        quiet += not await _in_flight(admin, central, site)
        again = await _differing_stamps(admin, central, site)
        # A ticket that agreed at one look had an event under way at the other.
        differing = {code: made for code, made in again.items() if code in differing}
    books = await differences(central, site)
    row = await central.fetchrow("verify.counted", site)
    assert row is not None  # noqa: S101  # an aggregate always has a row
    return Verdict(
        events=row["events"],
        stamps=int(row["stamps"]),
        in_flight=tuple(await _in_flight(admin, central, site)),
        differing=(
            *(
                f"ticket {code}: {store} stamps in the store, {database} in the database"
                for code, (store, database) in differing.items()
            ),
            *map(_told, books),
        ),
    )


async def _in_flight(admin: StoreAdmin, central: Central, site: str) -> list[str]:
    """Name the events that the database has not taken yet."""
    row = await central.fetchrow("sites.read", site)
    if row is None:
        return []
    entries = await admin.read_events(row["position"], COUNTED_IN_FLIGHT)
    return [f"{row['epoch']}-{entry[0].decode()}" for entry in entries]


async def _until_arrived(admin: StoreAdmin, central: Central, site: str) -> None:
    """Give what is under way now the time to arrive; it is no error if it does not."""
    under_way = set(await _in_flight(admin, central, site))
    ends_at = asyncio.get_running_loop().time() + PATIENCE_S
    while under_way and asyncio.get_running_loop().time() < ends_at:
        await asyncio.sleep(LOOK_S / 5)
        under_way.intersection_update(await _in_flight(admin, central, site))


async def _differing_stamps(
    admin: StoreAdmin, central: Central, site: str
) -> dict[str, tuple[int, int]]:
    """Return the tickets whose stamps differ: (in the store, in the database).

    The database keeps one state of a ticket, whichever site it was used at; those that another site
    has used are not for this one to prove.
    """
    store = {code: made async for code, made in admin.made_by_ticket() if made}
    database = {row["code"]: int(row["made"]) for row in await central.fetch("verify.made")}
    differing = {
        code: (store.get(code, 0), database.get(code, 0))
        for code in sorted(store.keys() | database.keys())
        if store.get(code, 0) != database.get(code, 0)
    }
    if differing:
        for row in await central.fetch("verify.elsewhere", list(differing), site):
            del differing[row["code"]]
    return differing


def _told(difference: Difference) -> str:
    if difference.what == "stamps":
        (made, _), (counted, reserved) = difference.found, difference.expected
        return f"ticket {difference.key}: {made} stamps, its events {counted} and {reserved} held"
    found, expected = difference.found, difference.expected
    return f"{difference.what} {difference.key}: {found}, its events {expected}"
