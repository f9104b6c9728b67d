"""Passages reported to a gateway that does not know their grant: the one before it gave it."""

import asyncio

from gateway.entitlements.place import Place
from gateway.venue.readers import place_of
from gateway.venue.times import read
from tests.integration.venue.floor import Floor, until
from tests.integration.venue.gates import stamp
from tests.integration.venue.scene import Scene


def _place(floor: Floor) -> Place:
    (gate,) = (each for each in floor.site.equipment if each.id == "north")
    return place_of(floor.site, gate, "entry")


async def _granted_before(floor: Floor, code: str) -> str:
    """Grant as an earlier life of this gateway did."""
    decision = await floor.store.scan(code, _place(floor), nonce="before")
    assert decision.event is not None
    return decision.event


async def test_a_passage_under_a_grant_of_an_earlier_life_commits_it(scene: Scene) -> None:
    floor, gate = scene
    await floor.sell("TICKET")
    tx = await _granted_before(floor, "TICKET")

    gate.report("passed", direction="entry", tx=tx)

    await until(floor.inside_is(1, 0))
    await until(floor.attendance_is(1, 1))
    await floor.quiet()
    assert await floor.attendance() == (1, 1)


async def test_the_rest_of_a_party_is_added_to_those_counted_before(scene: Scene) -> None:
    floor, gate = scene
    await floor.sell("PARTY", persons=4)
    tx = await _granted_before(floor, "PARTY")
    row = await floor.store.grant(tx)
    assert row is not None
    await floor.store.passage(row, persons=2)

    for _ in range(2):
        await asyncio.sleep(0.05)  # two at the same instant would be one told twice
        gate.report("passed", direction="entry", tx=tx)

    await until(floor.inside_is(4, 0))
    await until(floor.attendance_is(4, 1))


async def test_a_passage_the_earlier_life_had_counted_is_not_counted_again(scene: Scene) -> None:
    floor, gate = scene
    await floor.sell("PARTY", persons=4)
    tx = await _granted_before(floor, "PARTY")
    at = stamp()
    await asyncio.sleep(0.05)  # a time to come is not believed
    row = await floor.store.grant(tx)
    assert row is not None
    await floor.store.passage(row, persons=1, at=_ms(at))

    gate.report("passed", direction="entry", tx=tx, ts=at)  # told again to the next life

    await floor.quiet()
    assert await floor.inside() == (1, 3)


async def test_a_passage_after_its_grant_was_given_back_counts_in_conflict(scene: Scene) -> None:
    floor, gate = scene
    await floor.sell("TICKET")
    tx = await _granted_before(floor, "TICKET")
    row = await floor.store.grant(tx)
    assert row is not None
    await floor.store.annul(row)

    gate.report("passed", direction="entry", tx=tx)

    await until(floor.made_is("TICKET", 1))
    await until(floor.attendance_is(1, 1))
    assert (await floor.events())[0].conflict_with


async def test_a_grant_that_only_the_database_knows_is_found(scene: Scene) -> None:
    floor, gate = scene
    await floor.sell("TICKET")
    tx = await _granted_before(floor, "TICKET")
    await floor.store.malformed(_place(floor))  # the stream always keeps its end
    await floor.quiet()
    await floor.admin.client.xtrim(floor.admin.key("events"), maxlen=1, approximate=False)

    gate.report("passed", direction="entry", tx=tx)

    await until(floor.attendance_is(1, 1))
    assert await floor.inside() == (1, 0)


async def test_a_passage_that_names_no_grant_is_a_person_all_the_same(scene: Scene) -> None:
    floor, gate = scene

    gate.report("passed", direction="entry", tx="1-1795300000000-0")

    await until(floor.inside_is(1, 0))
    (event,) = await floor.events()
    assert event.kind == "t"


def _ms(text: str) -> int:
    return read(text)
