"""Each cable is pulled in turn under load, and put back: the rest goes on, nothing is lost."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from gateway.venue.verify import prove
from gateway.venue.wires import wires
from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.venue.entrances import Entrances, Kinds, entrances, known
from tests.integration.venue.floor import SITE, Floor, a_floor, a_site, until

SHOWN_S = 10.0
"""A machine busy with other tests may take so long; `make soak` holds it to what is promised."""
TICKETS = [f"VISITOR{number}" for number in range(400)]


@pytest.fixture(scope="session")
def kinds() -> Kinds:
    """Read the profiles' files before a loop runs, as a gateway does at its start."""
    return known()


async def test_each_cable_in_turn_is_pulled_and_put_back_under_load(
    broker: Mosquitto, redis_url: str, database_url: str, tmp_path: Path, kinds: Kinds
) -> None:
    async with entrances(tmp_path, broker, kinds, Random(1)) as there:
        site = await asyncio.to_thread(a_site, there.tables())
        async with a_floor(site, wires(), redis_url, database_url, address=broker.url) as floor:
            await floor.sell(*TICKETS)
            await floor.up(*there.equipment)
            async with there.people(TICKETS):
                await some_more(there)
                for entrance in there.each:
                    await entrance.cable.pull()
                    await until(lambda: _links(floor, there) == {entrance.cable.shown})  # noqa: B023
                    await some_more(there, but=entrance.name)
                    await entrance.cable.put_back()
                    await until(lambda: not _links(floor, there), within_s=SHOWN_S)
                await some_more(there)
            await books_agree(floor, there)


async def some_more(there: Entrances, but: str = "") -> None:
    """Wait until somebody more has gone in everywhere, but at one entrance."""
    wanted = {each.name: len(each.through) + 1 for each in there.each if each.name != but}
    await until(
        lambda: all(len(each.through) >= wanted.get(each.name, 0) for each in there.each),
        within_s=SHOWN_S,
    )


def _links(floor: Floor, there: Entrances) -> set[str]:
    """Name the equipment that is shown down."""
    panel = floor.operations.panel
    return {name for name in there.equipment if panel.document(name)["link"] == "down"}


async def books_agree(floor: Floor, there: Entrances) -> None:
    """Check that everybody who is in is counted, once, and that nobody else is."""
    await until(floor.inside_is(len(there.through), 0), within_s=SHOWN_S)
    await floor.quiet()
    made = {code: await floor.made(code) for code in TICKETS}
    assert set(made.values()) <= {0, 1}
    stamped = {code for code, stamps in made.items() if stamps}
    given_back = {event.ticket_code for event in await floor.events() if event.kind == "annulled"}
    assert there.passed - given_back <= stamped <= set(there.through)
    persons, stamps = await floor.attendance()
    assert (persons, stamps) == (len(there.through), len(stamped))
    verdict = await prove(floor.admin, floor.central, SITE)
    assert verdict.clean, list(verdict.lines())
