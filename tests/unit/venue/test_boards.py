"""Boards: a link for each controller of ours, and what a changed site file replaces."""

import asyncio
from typing import override

import pytest

from drivers.commands import Ping
from drivers.link import Link, Surroundings
from drivers.signals import InputChanged, LinkChanged
from gateway.venue.admitting import Admitting
from gateway.venue.boards import Boards
from gateway.venue.equipment import CannotFollow, NoAnswer, Order
from gateway.venue.machines import machine_of
from gateway.venue.scanning import Admission
from tests.unit.venue.lane_doubles import FakeWire, World, a_gate, a_site, releases, soon

READER = """
[[equipment]]
id = "post"
kind = "reader"
space = "hall"
controller = "board-north"
opens = "north"
"""
LAMP = """
[[equipment]]
id = "lamp"
kind = "lamp"
space = "hall"
controller = "board-north"
"""


class HeardBus:
    def __init__(self) -> None:
        self.told: list[dict[str, object]] = []

    def publish(self, message: dict[str, object]) -> str:
        self.told.append(message)
        return "1"

    def listen(self, kind: str, handler: object) -> None:
        self.handler = handler


def make(world: World, wire: FakeWire, bus: HeardBus | None = None) -> Boards:
    admitting = Admitting(bus or HeardBus())
    return Boards({"mqtt": wire}, world.needs(), machine_of, admitting, None)


async def test_what_is_as_before_goes_on_and_what_has_changed_is_made_anew() -> None:
    world, wire = World(), FakeWire()
    boards = make(world, wire)
    async with boards.running(a_site(a_gate("north"), a_gate("south"), a_gate("west"))):
        north, south = boards.lane("north"), boards.lane("south")
        await soon(lambda: all(link.runs for link in wire.made))
        before = dict(wire.links)

        await boards.apply(a_site(a_gate("north"), a_gate("south", "open_s = 9.0"), a_gate("east")))

        assert boards.lane("north") is north
        assert wire.links["north"] is before["north"]
        assert before["north"].runs
        assert boards.lane("south") is not south
        assert not before["south"].runs
        assert not before["west"].runs
        assert boards.lane("west") is None
        await soon(lambda: wire.links["east"].runs and wire.links["south"].runs)
        assert set(world.panel.facts) == {"north", "south", "east"}
        await soon(lambda: world.panel.facts["south"]["link"] == "up")
    assert not any(link.runs for link in wire.made)
    assert not world.panel.facts


async def test_a_gate_in_use_is_not_disturbed_by_a_change_elsewhere() -> None:
    world, wire = World(), FakeWire()
    boards = make(world, wire)
    passage = 'count_on = "passage"'
    async with boards.running(a_site(a_gate("north", passage), a_gate("south"))):
        await soon(lambda: all(link.runs for link in wire.made))
        wire.links["north"].read("north", "TICKET")
        await soon(lambda: releases(wire.links["north"]))

        await boards.apply(a_site(a_gate("north", passage)))
        wire.links["north"].passed("north", releases(wire.links["north"])[0].tx)

        await soon(lambda: world.store.acts)
        assert world.store.acts[0][0] == "passage"


async def test_boards_of_another_gateway_are_left_to_it() -> None:
    world, wire = World(), FakeWire()
    boards = make(world, wire)
    theirs = a_gate("south", board='gateway = "other"')

    async with boards.running(a_site(a_gate("north"), theirs)):
        assert [lane.id for lane in boards.lanes] == ["north"]


async def test_without_a_broker_gates_are_down_and_nothing_fails() -> None:
    class Off(FakeWire):
        @override
        def link(self, settings: object, surroundings: Surroundings) -> Link:
            raise ValueError("[stores] mqtt names no broker")

    world = World()
    boards = make(world, Off())

    async with boards.running(a_site(a_gate("north"))):
        lane = boards.lane("north")
        assert lane is not None
        lane.admit(Admission("entry", "1-1-0", code="TICKET"))
        await soon(lambda: world.store.acts)

    assert world.store.acts == [("annul", "1-1-0")]


async def test_what_devices_say_and_nobody_takes_is_counted_by_device() -> None:
    wire = FakeWire()
    boards = make(World(), wire)
    async with boards.running(a_site(a_gate("north"))):
        wire.links["north"].surroundings.drops.count(0.0, "north", "rejected")

        assert boards.dropped == {("north", "rejected"): 1}


async def test_a_reader_beside_a_gate_opens_it() -> None:
    world, wire = World(), FakeWire()
    boards = make(world, wire)
    async with boards.running(a_site(a_gate("north", 'count_on = "passage"'), READER)):
        await soon(lambda: all(link.runs for link in wire.made))

        wire.links["post"].read("post", "TICKET")

        await soon(lambda: releases(wire.links["north"]))
        assert wire.links["north"].sent[-1][0] in {"north", "post"}
        place = world.store.scans[0][1]
        assert (place.reader, place.hold_ms is not None) == ("post", True)
        wire.links["north"].passed("north", releases(wire.links["north"])[0].tx)
        await soon(lambda: world.store.acts)
        assert world.store.acts[0][0] == "passage"


async def test_two_readers_at_one_gate_do_not_open_it_at_once() -> None:
    world, wire = World(), FakeWire()
    boards = make(world, wire)
    async with boards.running(a_site(a_gate("north", 'count_on = "passage"'), READER)):
        await soon(lambda: all(link.runs for link in wire.made))
        wire.links["north"].read("north", "FIRST")
        await soon(lambda: releases(wire.links["north"]))

        wire.links["post"].read("post", "SECOND")

        await soon(lambda: world.scanned == [None, "lane_busy"])
        assert len(releases(wire.links["north"])) == 1


async def test_who_is_admitted_at_a_gate_elsewhere_is_told_to_everybody() -> None:
    bus = HeardBus()
    boards = make(World(), FakeWire(), bus)
    async with boards.running(a_site(a_gate("north"))):
        boards.admit("far", Admission("entry", "1-1-0", code="TICKET", reader="steward"))

    (message,) = bus.told
    assert (message["do"], message["equipment"]) == ("admit", "far")


DOOR = """
[[equipment]]
id = "{name}"
kind = "door"
space = "hall"
direction = "both"
controller = "board-north"
interlock = "mantrap"
"""


async def test_doors_of_a_mantrap_open_one_at_a_time_also_after_a_change() -> None:
    world, wire = World(), FakeWire()
    boards = make(world, wire)
    site = a_site(a_gate("north"), DOOR.format(name="outer"), DOOR.format(name="inner"))
    async with boards.running(site):
        await soon(lambda: all(link.runs for link in wire.made))
        inner = boards.lane("inner")

        await boards.apply(
            a_site(
                a_gate("north"),
                DOOR.format(name="outer") + "open_s = 9.0",
                DOOR.format(name="inner"),
            )
        )

        await soon(lambda: all(link.runs for link in wire.links.values()))
        assert boards.lane("inner") is not inner
        link = wire.links["outer"]
        for name in ("outer", "inner"):
            link.tell(InputChanged(name, "contact", value=False))
        link.read("outer", "FIRST")
        await soon(lambda: releases(link))
        link.read("inner", "SECOND")
        await soon(lambda: len(world.scanned) == 2)
        assert world.scanned == [None, "lane_busy"]


async def test_a_lamp_is_shown_tested_and_follows_nothing_else() -> None:
    world, wire = World(), FakeWire()
    boards = make(world, wire)
    async with boards.running(a_site(a_gate("north"), LAMP)):
        await soon(lambda: world.panel.facts.get("lamp", {}).get("link") == "up")
        link, obey = wire.links["lamp"], world.panel.obeys["lamp"]

        await obey(Order("1", "lamp", "test", ("entry",), "anna", 0))
        assert ("lamp", Ping()) in link.sent
        with pytest.raises(CannotFollow):
            await obey(Order("2", "lamp", "open", ("entry",), "anna", 0))
        link.tell(LinkChanged("lamp", up=False, why="unplugged"))
        assert world.panel.facts["lamp"]["link"] == "down"
        assert "link_down" in world.alarms.raised
        with pytest.raises(NoAnswer):
            await obey(Order("3", "lamp", "test", ("entry",), "anna", 0))


async def test_signals_of_devices_that_are_gone_are_nobodys() -> None:
    world, wire = World(), FakeWire()
    boards = make(world, wire)
    async with boards.running(a_site(a_gate("north"))):
        await soon(lambda: all(link.runs for link in wire.made))
        wire.links["north"].tell(LinkChanged("ghost", up=True))
        await asyncio.sleep(0)

    assert not world.alarms.told


async def test_who_sees_to_a_forced_door_lets_it_be_closed_in_peace() -> None:
    world, wire = World(), FakeWire()
    boards = make(world, wire)
    async with boards.running(a_site(a_gate("north", kind="door"))):
        await soon(lambda: all(link.runs for link in wire.made))
        link = wire.links["north"]
        link.tell(InputChanged("north", "contact", value=False))
        await asyncio.sleep(0.05)
        link.tell(InputChanged("north", "contact", value=True))
        await soon(lambda: "forced" in world.alarms.raised)
        assert world.panel.facts["north"]["state"] == "forced"

        boards.acknowledged("north", "forced")

        await soon(lambda: world.panel.facts["north"]["state"] == "open")
