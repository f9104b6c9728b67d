"""What all processes of a site count together, in a real store."""

from collections.abc import AsyncIterator

import pytest

from controllers.refusals import FEWEST
from gateway.entitlements.admin import SpaceFacts, StoreAdmin
from gateway.venue.alarms import Alarms
from gateway.venue.bus import Bus
from gateway.venue.occupancy import Lease
from gateway.venue.pace import GRANTED, KEPT_S, SLOT_MS, Pace, whole
from gateway.venue.tally import Tally
from gateway.venue.trend import MINUTE_MS, Trend
from gateway.venue.watching import Watching


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_763_759_120_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def admin(redis_url: str) -> AsyncIterator[StoreAdmin]:
    admin = StoreAdmin(redis_url, "museum")
    yield admin
    await admin.close()


class Counting:
    """A process that counts."""

    def __init__(self, admin: StoreAdmin, clock: Clock) -> None:
        self.tallies: dict[str, Tally] = {}
        self.pace = Pace(admin, lambda: self.tallies, clock)

    async def scans(self, *reasons: str | None, reader: str = "north-1", persons: int = 1) -> None:
        tally = self.tallies.setdefault(reader, Tally())
        for reason in reasons:
            tally.scanned(reason, 0.001, persons)
        await self.pace.add()


async def test_figures_are_those_of_all_processes(admin: StoreAdmin, clock: Clock) -> None:
    one, other = Counting(admin, clock), Counting(admin, clock)
    await one.scans(None, None, persons=3)
    await other.scans(None, "too_late")
    await other.scans("too_late")

    await one.pace.read(60)
    window = one.pace.windows(60)["north-1"]

    assert (window.granted, window.persons) == (3, 7)
    assert window.refused == {"too_late": 2}
    assert sum(window.latency.values()) == window.scans == 5


async def test_rate_counts_the_time_that_has_passed(admin: StoreAdmin, clock: Clock) -> None:
    process = Counting(admin, clock)
    await process.scans(*[None] * 50)

    clock.now += SLOT_MS // 2

    assert process.pace.covered_min(60) == pytest.approx(55 / 60, abs=0.001)


async def test_scans_leave_a_window_when_it_is_over(admin: StoreAdmin, clock: Clock) -> None:
    process = Counting(admin, clock)
    await process.scans(None)
    clock.now += 70_000
    await process.scans("too_late")
    await process.pace.read(180)

    assert whole(process.pace.windows(60).values()).granted == 0
    assert whole(process.pace.windows(120).values()).granted == 1
    assert whole(process.pace.windows(120, before_s=60).values()).granted == 1


async def test_tickets_only_looked_at_are_no_ones_scans(admin: StoreAdmin, clock: Clock) -> None:
    process = Counting(admin, clock)
    await process.scans("too_late", reader="")
    await process.pace.read(60)

    assert process.pace.windows(60) == {}


async def test_slots_go_by_themselves(admin: StoreAdmin, clock: Clock) -> None:
    await Counting(admin, clock).scans(None)
    key = admin.key(f"pace:{clock.now // SLOT_MS}")

    assert await admin.client.hget(key, f"north-1|{GRANTED}") == b"1"
    assert 0 < await admin.client.ttl(key) <= KEPT_S


async def test_jump_of_refusals_is_an_alarm_until_it_is_over(
    admin: StoreAdmin, clock: Clock
) -> None:
    process = Counting(admin, clock)
    alarms = Alarms(Bus(admin, clock), gateway="main", clock=clock, show=str)
    watching = Watching(process.pace, alarms, Lease(admin, "refusals"))
    await process.scans(*[None] * 100)
    clock.now += 200_000
    await process.scans(*["unknown_ticket"] * (2 * FEWEST), *[None] * 50)

    await watching.look()

    [alarm] = alarms.documents()
    assert (alarm["id"], alarm["reason"]) == ("refusals.unknown_ticket", "unknown_ticket")
    assert alarm["text"] == f"{2 * FEWEST} / 2 min (0 / 15 min)"
    clock.now += 200_000
    await process.scans(*[None] * 50)
    await watching.look()
    assert [each["active"] for each in alarms.documents()] == [False]


async def test_minute_is_written_once_whoever_is_first(admin: StoreAdmin, clock: Clock) -> None:
    await admin.configure_spaces([SpaceFacts("hall", None, 300)])
    one, other = Trend(admin, clock), Trend(admin, clock)
    await one.write()
    await admin.client.hset(admin.key("spaces"), "i:hall", 12)
    await other.write()
    clock.now += MINUTE_MS
    await other.write()

    minute = clock.now // MINUTE_MS * MINUTE_MS

    assert await one.read() == [(minute - MINUTE_MS, {"hall": 0}), (minute, {"hall": 12})]
