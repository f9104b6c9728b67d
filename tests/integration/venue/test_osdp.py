"""A ticket shown to an OSDP reader opens the door on its output, and its person is counted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from config import Site
from drivers.osdp.face import Kind
from drivers.osdp.simulator import SimulatedLine, SimulatedReader
from gateway.venue.wires import wires
from tests.integration.venue.floor import Floor, a_floor, a_site, until

KEYS = bytes(range(1, 17)), bytes(range(2, 18))

TABLES = """
[[controller]]
id = "outside"
driver = "osdp"
port = "{folder}/line"
address = 1
key_file = "{folder}/1.key"
[[controller]]
id = "inside"
driver = "osdp"
port = "{folder}/line"
address = 2
key_file = "{folder}/2.key"
[[equipment]]
id = "door"
kind = "door"
space = "hall"
direction = "both"
controller = "outside"
lock = "fail-secure"
count_on = "passage"
open_s = 1.0
deny_s = 0.3
channels = {{ lock = 0, contact = 0 }}
[[equipment]]
id = "leaving"
kind = "reader"
space = "hall"
direction = "exit"
controller = "inside"
opens = "door"
"""


@dataclass
class Entrance:
    floor: Floor
    line: SimulatedLine
    outside: SimulatedReader
    inside: SimulatedReader

    def lights(self, reader: SimulatedReader) -> list[str]:
        return reader.texts(Kind.LED)

    async def walk(self) -> None:
        """Open the door, and close it; a contact stands, so it is told until it is seen."""
        for stands in (True, False):
            while self.contact is not stands:
                self.outside.close(stands, False)
                await asyncio.sleep(0.2)

    @property
    def contact(self) -> bool | None:
        inputs: dict[str, bool] = self.floor.operations.panel.document("door")["inputs"]
        return inputs.get("contact")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    pytest.importorskip("osdp_sys", reason="the extra osdp is not installed")
    for number, key in enumerate(KEYS, start=1):
        (tmp_path / f"{number}.key").write_text(key.hex())
    return a_site(TABLES.format(folder=tmp_path))


@pytest.fixture
async def entrance(
    site: Site, redis_url: str, database_url: str, tmp_path: Path
) -> AsyncIterator[Entrance]:
    outside = SimulatedReader(1, key=KEYS[0], secure=True)
    inside = SimulatedReader(2, key=KEYS[1], secure=True)
    line = SimulatedLine(tmp_path / "line", [outside, inside], dice=Random(1))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(line.running())
        floor = await stack.enter_async_context(a_floor(site, wires(), redis_url, database_url))
        await floor.up("door", "leaving")
        yield Entrance(floor, line, outside, inside)


def alarms(floor: Floor) -> list[tuple[Any, ...]]:
    return [(each["kind"], each["equipment"]) for each in floor.operations.alarms.documents()]


async def test_a_code_lights_up_sounds_and_opens_and_its_person_is_in_the_books(
    entrance: Entrance,
) -> None:
    reader = entrance.outside
    await entrance.floor.sell("TICKET")
    await until(lambda: entrance.lights(reader) == ["led blue 2/28"])

    reader.show("TICKET")
    await until(lambda: reader.outputs[0])
    await until(lambda: entrance.lights(reader)[-1] == "led green 10/0")
    await until(lambda: reader.texts(Kind.BUZZER) == ["buzzer 1 times 1/0"])
    await until(lambda: len(reader.texts(Kind.TEXT)) >= 4)
    assert await entrance.floor.inside() == (0, 1)
    await entrance.walk()

    await until(entrance.floor.attendance_is(1, 1))
    await until(lambda: not reader.outputs[0])
    await until(lambda: entrance.lights(reader)[-1] == "led blue 2/28")
    assert reader.texts(Kind.OUTPUT)[-2:].count("output 0 on for 1000 ms") == 1
    assert len(entrance.lights(entrance.inside)) == 1


async def test_a_code_that_nobody_sold_is_shown_red_and_opens_nothing(entrance: Entrance) -> None:
    reader = entrance.outside
    opened = reader.texts(Kind.OUTPUT).count("output 0 on for 1000 ms")
    reader.show("NEVER-SOLD")
    await until(lambda: "led red 2/3" in entrance.lights(reader))
    await until(lambda: entrance.lights(reader)[-1] == "led blue 2/28")

    assert reader.texts(Kind.BUZZER) == ["buzzer 3 times 3/2"]
    assert reader.texts(Kind.OUTPUT).count("output 0 on for 1000 ms") == opened


async def test_a_reader_opens_a_door_that_hangs_on_another(entrance: Entrance) -> None:
    await entrance.floor.sell("TICKET")
    entrance.outside.show("TICKET")
    await until(lambda: entrance.outside.outputs[0])
    await entrance.walk()
    await until(entrance.floor.inside_is(1, 0))
    await until(lambda: not entrance.outside.outputs[0])

    entrance.inside.show("TICKET")
    await until(lambda: entrance.outside.outputs[0])
    await until(lambda: "led green 10/0" in entrance.lights(entrance.inside))
    await entrance.walk()

    await until(entrance.floor.inside_is(0, 0))


async def test_a_strike_that_is_not_acknowledged_gives_the_stamp_back(entrance: Entrance) -> None:
    await entrance.floor.sell("TICKET")
    entrance.outside.faults.refused = True

    entrance.outside.show("TICKET")
    await until(lambda: entrance.floor.scanned)
    await until(entrance.floor.made_is("TICKET", 0))
    await until(lambda: ("release_failed", "door") in alarms(entrance.floor))

    assert not entrance.outside.outputs[0]


async def test_a_line_whose_cable_is_out_opens_for_nobody_and_then_for_the_next(
    entrance: Entrance,
) -> None:
    await entrance.floor.sell("TICKET")
    panel = entrance.floor.operations.panel
    await entrance.line.unplug()
    await until(lambda: {panel.document(each)["link"] for each in ("door", "leaving")} == {"down"})
    await entrance.line.plug()
    await entrance.floor.up("door", "leaving")
    assert not entrance.outside.outputs[0]

    entrance.outside.show("TICKET")
    await until(lambda: entrance.outside.outputs[0])
    await entrance.walk()
    await until(entrance.floor.attendance_is(1, 1))


async def test_a_reader_whose_case_is_opened_is_an_alarm(entrance: Entrance) -> None:
    entrance.inside.stand(tamper=True)
    await until(lambda: ("fault", "leaving") in alarms(entrance.floor))


async def test_a_reader_that_starts_anew_is_shown_anew(entrance: Entrance) -> None:
    await until(lambda: entrance.lights(entrance.inside) == ["led blue 2/28"])
    entrance.inside.told.clear()
    entrance.inside.reboot()

    await until(lambda: entrance.lights(entrance.inside) == ["led blue 2/28"])
