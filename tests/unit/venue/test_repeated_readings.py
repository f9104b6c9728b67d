"""A scan engine goes on seeing a code: one reading, as long as its visitor stands there."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from drivers.commands import Release
from drivers.signals import GateEvent, GateEventType
from tests.unit.venue.lane_doubles import FakeLink, a_gate, refused, soon
from tests.unit.venue.test_lanes import Venue, a_venue

KEYS = """count_on = "passage"
open_s = 2.0
repeat_ms = 150
deny_s = 0.25
"""


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    async with a_venue(a_gate(keys=KEYS)) as made:
        yield made


async def keep_seeing(link: FakeLink, code: str, seconds: float, every_s: float = 0.03) -> None:
    """Read a code again and again, without giving the readings names."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        link.read("north", code, id=None)
        await asyncio.sleep(every_s)


def asked(venue: Venue, code: str) -> int:
    """Count how often the store was asked about a code."""
    return sum(each[0] == code for each in venue.world.store.scans)


async def test_a_code_seen_again_while_it_is_judged_and_let_in_is_one_scan(venue: Venue) -> None:
    await keep_seeing(venue.link(), "TICKET", 0.1)

    assert asked(venue, "TICKET") == 1
    assert len(venue.link().commands(Release)) == 1


async def test_after_the_passage_the_same_code_is_a_scan_of_its_own(venue: Venue) -> None:
    """Somebody hands their ticket back over the gate."""
    link = venue.link()
    link.read("north", "TICKET", id=None)
    await soon(lambda: link.commands(Release))
    link.tell(GateEvent("north", GateEventType.PASSED, None, "entry"))
    await soon(lambda: venue.world.store.acts)

    link.read("north", "TICKET", id=None)
    await soon(lambda: asked(venue, "TICKET") == 2)


async def test_a_refused_code_that_stays_there_is_decided_anew_when_its_refusal_is_over(
    venue: Venue,
) -> None:
    venue.world.store.answers["USED"] = refused("no_stamps_left")
    await keep_seeing(venue.link(), "USED", 0.15)
    assert asked(venue, "USED") == 1

    await keep_seeing(venue.link(), "USED", 0.25)
    assert asked(venue, "USED") == 2


async def test_who_waits_behind_somebody_with_their_code_there_gets_in_after_them(
    venue: Venue,
) -> None:
    link = venue.link()
    link.read("north", "FIRST", id=None)
    await soon(lambda: link.commands(Release))
    seeing = asyncio.create_task(keep_seeing(link, "SECOND", 0.4))
    await asyncio.sleep(0.1)
    link.tell(GateEvent("north", GateEventType.PASSED, None, "entry"))
    await seeing

    granted = link.commands(Release)
    assert len(granted) == 2


async def test_taken_away_and_shown_again_it_is_another_scan(venue: Venue) -> None:
    venue.world.store.answers["USED"] = refused("no_stamps_left")
    venue.link().read("north", "USED", id=None)
    await asyncio.sleep(0.2)
    venue.link().read("north", "USED", id=None)
    await soon(lambda: asked(venue, "USED") == 2)


async def test_readings_with_names_of_their_own_are_each_answered(venue: Venue) -> None:
    venue.world.store.answers["USED"] = refused("no_stamps_left")
    for name in ("a", "b"):
        venue.link().read("north", "USED", id=name)

    await soon(lambda: asked(venue, "USED") == 2)


async def test_another_code_in_between_is_judged(venue: Venue) -> None:
    for code in ("USED", "OTHER", "USED"):
        venue.world.store.answers[code] = refused("no_stamps_left")
        venue.link().read("north", code, id=None)

    await soon(lambda: asked(venue, "OTHER") == 1 and asked(venue, "USED") == 2)
