"""Displays and lamps at a gate: they say each decision, and how the gate stands."""

import asyncio

from drivers.commands import Buzzer, Light, Pulse, Set, Text
from drivers.signals import LinkChanged
from gateway.venue.admitting import Admitting
from gateway.venue.boards import Boards
from gateway.venue.machines import machine_of
from tests.unit.venue.lane_doubles import (
    FakeLink,
    FakeWire,
    NoBus,
    World,
    a_gate,
    a_site,
    refused,
    soon,
)

DISPLAY = """
[[equipment]]
id = "{name}"
kind = "display"
space = "hall"
direction = "{direction}"
controller = "{board}"
deny_s = 0.05
"""
FAR = """
[[controller]]
id = "far"
driver = "mqtt"
"""


def make(world: World, wire: FakeWire) -> Boards:
    return Boards({"mqtt": wire}, world.needs(), machine_of, Admitting(NoBus()), None)


def shown(link: FakeLink, name: str) -> list[object]:
    return [command for device, command in link.sent if device == name]


async def test_a_display_at_a_gate_says_its_decisions_and_then_how_it_stands() -> None:
    world, wire = World(), FakeWire()
    world.store.answers["TICKET"] = refused("space_full")
    site = a_site(a_gate(), DISPLAY.format(name="sign", direction="both", board="board-north"))
    async with make(world, wire).running(site):
        link = wire.links["sign"]
        await soon(lambda: Light("idle") in shown(link, "sign"))
        link.sent.clear()

        link.read("north", "TICKET")

        await soon(lambda: Light("wait") in shown(link, "sign"))
        assert Buzzer("wait") in shown(link, "sign")
        assert any(isinstance(each, Text) for each in shown(link, "sign"))
        assert not any(isinstance(each, Light) for each in shown(link, "north"))


async def test_a_display_on_a_board_of_its_own_is_of_all_gates_of_its_space() -> None:
    world, wire = World(), FakeWire()
    site = a_site(
        a_gate("north"),
        a_gate("south"),
        FAR,
        DISPLAY.format(name="sign", direction="exit", board="far"),
    )
    async with make(world, wire).running(site):
        await soon(lambda: all(link.runs for link in wire.made))
        sign = wire.links["sign"]
        sign.sent.clear()

        wire.links["north"].read("north", "IN", "entry")
        wire.links["south"].read("south", "OUT", "exit")

        await soon(lambda: Light("granted") in shown(sign, "sign"))
        await asyncio.sleep(0.01)
        assert shown(sign, "sign").count(Light("granted")) == 1


async def test_a_display_follows_its_gate_and_an_evacuation() -> None:
    world, wire = World(), FakeWire()
    boards = make(world, wire)
    site = a_site(a_gate(), DISPLAY.format(name="sign", direction="both", board="board-north"))
    async with boards.running(site):
        link = wire.links["sign"]
        await soon(lambda: Light("idle") in shown(link, "sign"))

        for way in ("entry", "exit"):
            boards.set_mode("north", way, "locked")
        await soon(lambda: Light("locked") in shown(link, "sign"))

        link.tell(LinkChanged("north", up=False, why="unplugged"))
        await soon(lambda: Light("out_of_service") in shown(link, "sign"))

        world.evacuated.add("sign")
        boards.evacuate("sign", True)
        await soon(lambda: Light("evacuation") in shown(link, "sign"))


async def test_lamps_and_buzzer_on_a_gates_own_board_are_switched_for_a_while() -> None:
    world, wire = World(), FakeWire(speaks="contacts")
    world.store.answers["TICKET"] = refused("unknown_ticket")
    channels = "channels = { release_entry = 0, release_exit = 1, denied = 2, buzzer = 3 }"
    board = 'dialect = "shelly"\nprefix = "shelly"'
    async with make(world, wire).running(a_site(a_gate(keys=channels, board=board))):
        link = wire.links["north"]
        await soon(lambda: link.runs)
        link.sent.clear()

        link.read("north", "TICKET")

        await soon(lambda: Pulse("buzzer", 250) in shown(link, "north"))
        assert Set("denied", on=False) in shown(link, "north")
        assert any(
            isinstance(each, Pulse) and each.channel == "denied" for each in shown(link, "north")
        )


async def test_what_a_reader_beside_a_gate_decides_is_shown_at_the_gate() -> None:
    """A scan engine has no lamp: those of the gate, on another board, answer for it."""
    world, wire = World(), FakeWire(speaks="contacts")
    world.store.answers["TICKET"] = refused("unknown_ticket")
    board = 'dialect = "shelly"\nprefix = "shelly"'
    channels = "channels = { release_entry = 0, release_exit = 1, denied = 2, granted = 3 }"
    reader = """
[[equipment]]
id = "post"
kind = "reader"
space = "hall"
controller = "far"
opens = "north"
"""
    site = a_site(a_gate(keys=channels, board=board), FAR, reader)
    async with make(world, wire).running(site):
        await soon(lambda: all(link.runs for link in wire.made))
        gate = wire.links["north"]

        wire.links["post"].read("post", "TICKET")
        await soon(lambda: lit(gate, "denied"))

        wire.links["post"].read("post", "ANOTHER")
        await soon(lambda: lit(gate, "granted"))


def lit(link: FakeLink, lamp: str) -> bool:
    return any(
        isinstance(each, Pulse) and each.channel == lamp and each.on
        for each in shown(link, "north")
    )
