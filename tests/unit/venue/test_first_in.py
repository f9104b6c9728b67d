"""At a gate of a space that waits for its staff: they open it, all others wait."""

from dataclasses import dataclass, field
from typing import override

from gateway.entitlements.place import Place
from gateway.entitlements.store import EntitlementStore
from gateway.errors import StoreUnavailable
from gateway.tickets.decision import Decision
from gateway.venue.needs import Needs
from tests.unit.venue.lane_doubles import World, a_gate, soon
from tests.unit.venue.test_lanes import a_venue

CLOSED = Decision(granted=False, reason="space_closed", event="1-1-0")


@dataclass
class Staff:
    """Knows one of the staff by their code."""

    silent: bool = False
    came_to: list[str] = field(default_factory=list)

    def awaits_first(self, place: Place, flags: str) -> bool:
        return "c" in flags and not self.came_to

    async def flags_of_first(
        self, code: str, place: Place, flags: str, store: EntitlementStore, *, within_ms: int
    ) -> str:
        if self.silent:
            raise StoreUnavailable
        return flags.replace("c", "") if code == "STAFF" else flags

    def came(self, place: Place) -> None:
        self.came_to.append(place.space)


@dataclass
class Waiting(World):
    """A venue whose space waits for its staff."""

    staff: Staff = field(default_factory=Staff)

    @override
    def needs(self) -> Needs:
        needs = World.needs(self)
        needs.first = self.staff
        self.flags.flags = "c"
        return needs


async def test_staff_opens_the_space_and_is_decided_as_in_an_open_one() -> None:
    world = Waiting()
    world.store.answers["PUBLIC"] = CLOSED
    async with a_venue(a_gate(), world=world) as venue:
        venue.link().read("north", "PUBLIC")
        await soon(lambda: len(world.store.scans) == 1)
        assert world.staff.came_to == []

        venue.link().read("north", "STAFF")
        await soon(lambda: world.staff.came_to)

    assert [(code, flags) for code, _, flags in world.store.scans] == [
        ("PUBLIC", "c"),
        ("STAFF", ""),
    ]


async def test_while_the_store_is_silent_the_space_stays_closed() -> None:
    world = Waiting()
    world.staff.silent = True
    async with a_venue(a_gate(keys='local_policy = "admit"'), world=world) as venue:
        venue.link().read("north", "STAFF")
        await soon(lambda: world.scanned)

    assert world.scanned == ["space_closed"]
    assert world.staff.came_to == []
