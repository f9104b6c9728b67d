"""Several readers on one line: each is told apart, and none of them holds the others up."""

import asyncio
from pathlib import Path
from random import Random
from typing import override

import pytest

from drivers.commands import Light
from drivers.osdp import OsdpWire
from drivers.osdp.framing import ACK, CRC, RAW, REPLY, write
from drivers.osdp.simulator import SimulatedLine, SimulatedReader
from tests.integration.osdp.conftest import KEY
from tests.integration.osdp.venue import (
    PlainReader,
    Venue,
    in_the_clear,
    readers,
    running,
    secured,
)
from tests.integration.serial.conftest import descriptors


async def test_each_reader_is_told_apart(port: Path) -> None:
    wire = OsdpWire()
    simulated = [SimulatedReader(each, key=KEY, secure=True) for each in (0, 5, 126)]
    venues = [Venue(secured(port, KEY, each.address), wire) for each in simulated]
    async with readers(port, *simulated), running(*venues):
        for venue in venues:
            await venue.until_up()
        for reader in simulated:
            reader.show(f"AT-{reader.address}")
        for venue in venues:
            await venue.until(lambda: venue.codes)  # noqa: B023
        await venues[1].sent(Light("granted", "green"))

    assert [venue.codes for venue in venues] == [["AT-0"], ["AT-5"], ["AT-126"]]
    assert [len(reader.told) for reader in simulated] == [0, 1, 0]


async def test_a_dead_reader_does_not_hold_up_the_others(port: Path) -> None:
    wire = OsdpWire()
    alive, dead = SimulatedReader(1), SimulatedReader(2)
    dead.faults.mute = True
    one, other = Venue(in_the_clear(port, 1), wire), Venue(in_the_clear(port, 2), wire)
    async with readers(port, alive, dead), running(one, other):
        await other.until_down()
        for turn in range(8):
            alive.show(f"TICKET-{turn}")
            await one.until(lambda: len(one.codes) > turn)  # noqa: B023
            await one.sent(Light("granted", "green"))

    assert one.codes == [f"TICKET-{turn}" for turn in range(8)]
    assert one.ups == [True]
    assert other.ups == [False]


async def test_a_reader_that_answers_too_late_is_counted_and_takes_no_other_down(
    port: Path,
) -> None:
    """A reader is lost to libosdp when another one answers in its turn."""
    wire = OsdpWire()
    good, late = SimulatedReader(1), SimulatedReader(2)
    late.faults.late_s = 0.4
    one, other = Venue(in_the_clear(port, 1), wire), Venue(in_the_clear(port, 2), wire)
    async with readers(port, good, late), running(one, other):
        await one.until_up()
        await one.until(lambda: one.drops.counts["late"] + other.drops.counts["late"] > 2)
        good.show("TICKET")
        await one.until(lambda: one.codes == ["TICKET"])

    assert one.ups == [True]
    assert True not in other.ups


async def test_an_answer_in_anothers_name_is_not_taken(port: Path) -> None:
    reader, venue = SimulatedReader(1), Venue(in_the_clear(port, 1))
    async with readers(port, reader) as line, running(venue):
        await venue.until_up()
        for _ in range(5):
            line.socket.write(write(2 | REPLY, CRC, ACK))
            await asyncio.sleep(0.02)
        reader.show("TICKET")
        await venue.until(lambda: venue.codes == ["TICKET"])

    assert venue.drops.counts["late"] == 5
    assert venue.ups == [True]


class EchoingLine(SimulatedLine):
    """An adapter that hears what it sends."""

    @override
    def _hear(self, data: bytes) -> None:
        if data:
            self.socket.write(data)
        super()._hear(data)


async def test_what_an_adapter_hears_of_itself_is_no_answer_and_not_counted(port: Path) -> None:
    reader, venue = SimulatedReader(), Venue(in_the_clear(port))
    async with EchoingLine(port, [reader], dice=Random(1)).running(), running(venue):
        await venue.until_up()
        reader.show("TICKET")
        await venue.until(lambda: venue.codes == ["TICKET"])

    assert not venue.drops.counts
    assert venue.ups == [True]


async def test_a_line_of_9600_baud_is_as_slow_as_it_is_and_works(port: Path) -> None:
    reader, venue = SimulatedReader(key=KEY, secure=True), Venue(secured(port, KEY))
    async with readers(port, reader, baud=9600), running(venue):
        await venue.until_up()
        reader.show("X" * 64)
        await venue.until(lambda: venue.codes == ["X" * 64])
        await venue.sent(Light("granted", "green"))

    assert venue.ups == [True]


async def test_an_answer_that_has_begun_is_waited_for_on_a_slow_line(port: Path) -> None:
    """A reader may take 200 ms; 140 characters and their frame are another 158 ms at 9600 baud."""
    long = "0123456789" * 14
    reader, venue = PlainReader(port, baud=9600), Venue(in_the_clear(port))
    async with reader.running(), running(venue):
        await venue.until_up()
        reader.late_s = 0.15
        reader.says = [(RAW, b"\x00\x00" + (8 * len(long)).to_bytes(2, "little") + long.encode())]
        await venue.until(lambda: venue.codes == [long])

    assert venue.ups == [True]
    assert not venue.drops.counts


async def test_a_controller_that_leaves_the_site_file_leaves_the_line_to_the_others(
    port: Path,
) -> None:
    wire = OsdpWire()
    stays, leaves = SimulatedReader(1), SimulatedReader(2)
    one, other = Venue(in_the_clear(port, 1), wire), Venue(in_the_clear(port, 2), wire)
    async with readers(port, stays, leaves), running(one):
        async with running(other):
            await one.until_up()
            await other.until_up()
        stays.show("TICKET")
        await one.until(lambda: one.codes == ["TICKET"])
        again = Venue(in_the_clear(port, 2), wire)
        async with running(again):
            await again.until_up()
            leaves.show("OTHER")
            await again.until(lambda: again.codes == ["OTHER"])

    assert one.ups == [True]
    assert not other.codes


async def test_a_pulled_cable_takes_all_of_its_readers_down_and_gives_them_back(
    port: Path,
) -> None:
    wire = OsdpWire()
    simulated = [SimulatedReader(each, key=KEY, secure=True) for each in (1, 2)]
    venues = [Venue(secured(port, KEY, each.address), wire) for each in simulated]
    async with readers(port, *simulated) as line, running(*venues):
        for venue in venues:
            await venue.until_up()
        await line.unplug()
        for venue in venues:
            assert await venue.until_down() < 2
        await line.plug()
        for venue in venues:
            assert await venue.until_up() < 2
        simulated[1].show("TICKET")
        await venues[1].until(lambda: venues[1].codes == ["TICKET"])

    assert [venue.ups for venue in venues] == [[True, False, True]] * 2


async def pulled(port: Path, times: int) -> None:
    """Pull the cable and put it back; nothing is left behind, and the reader is there again."""
    reader, venue = SimulatedReader(key=KEY, secure=True), Venue(secured(port, KEY))
    async with readers(port, reader) as line, running(venue):
        await venue.until_up()
        before = await asyncio.to_thread(descriptors), len(asyncio.all_tasks())
        for _ in range(times):
            await line.unplug()
            await venue.until_down()
            await line.plug()
            await venue.until_up()
        reader.show("TICKET")
        await venue.until(lambda: venue.codes == ["TICKET"])
        after = await asyncio.to_thread(descriptors), len(asyncio.all_tasks())

    assert after == before
    assert venue.ups == [True] + [False, True] * times


async def test_pulled_cables_leave_nothing_open(port: Path) -> None:
    await pulled(port, 2)


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_a_thousand_pulled_cables_leave_nothing_open(port: Path) -> None:
    await pulled(port, 1000)
