"""Cables pulled and put back a thousand times, in one gateway that lets people in all the time."""

import time
from pathlib import Path
from random import Random

import pytest

from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.venue.entrances import Entrances
from tests.system import cables, crowd, gates
from tests.system.cables import MakeGateway
from tests.system.gateways import Gateway
from tests.system.test_storms import in_thread

SHOWN_S = 2.0
SPARE = 4
"""Connections to the stores come and go; what is lost at each turn would be more."""
SPARE_MB = 24.0
"""A heap that has settled still breathes; a kilobyte lost at each turn would be half of it."""
LOOKS_EVERY = 20
"""In each so-many-th turn it is made sure that the other entrances go on."""


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_a_thousand_pulled_cables_cost_no_stamp_and_leave_nothing_behind(
    make_gateway: MakeGateway, broker: Mosquitto, tasks_told: Path, tmp_path: Path
) -> None:
    await pulled(make_gateway, broker, tasks_told, tmp_path, 1000)


async def pulled(
    make_gateway: MakeGateway, broker: Mosquitto, tasks_told: Path, folder: Path, times: int
) -> None:
    """Pull the cables in turn, so often altogether."""
    held: list[tuple[int, int, int]] = []
    megabytes: list[float] = []
    slowest = {"down": 0.0, "up": 0.0}
    async with cables.a_venue(make_gateway, broker, folder, Random(1)) as (gateway, there):
        codes = await crowd.sell(gateway, 40 * times)
        async with there.people(codes):
            for turn in range(times):
                entrance = there.each[turn % len(there.each)]
                others = [name for name in there.equipment if name != entrance.cable.shown]
                looks = turn % LOOKS_EVERY < len(there.each)
                await entrance.cable.pull()
                took_s = await gates.shown(gateway, "down", [entrance.cable.shown], SHOWN_S)
                slowest["down"] = max(slowest["down"], took_s)
                if looks:
                    await gates.shown(gateway, "up", others, 0.5)
                    await some_more(there, but=entrance.name)
                await entrance.cable.put_back()
                took_s = await gates.shown(gateway, "up", [entrance.cable.shown], SHOWN_S)
                slowest["up"] = max(slowest["up"], took_s)
                if turn in {times // 6, times - 1}:  # what is made once has been made by then
                    held.append(await in_thread(gateway.holdings, tasks_told))
                    megabytes.append(resident(gateway))
                if turn % 100 == 0:
                    print(f"{time.strftime('%X')} turn {turn}, {len(there.through)} in, {slowest}")
            await some_more(there)
        await cables.books_agree(gateway, there)
    print(f"descriptors, threads and tasks: {held}; MB: {megabytes}; slowest: {slowest}")
    for before, after in zip(*held, strict=True):
        assert after <= before + SPARE
    assert megabytes[1] <= megabytes[0] + SPARE_MB


async def some_more(there: Entrances, but: str = "") -> None:
    """Wait until somebody more has gone in everywhere, but at one entrance."""
    wanted = {each.name: len(each.through) + 1 for each in there.each if each.name != but}
    await crowd.until(
        lambda: all(len(each.through) >= wanted.get(each.name, 0) for each in there.each),
        what=f"people everywhere but at {but}",
    )


def resident(gateway: Gateway) -> float:
    """Return the memory of a gateway's own process, in megabytes."""
    status = Path(f"/proc/{gateway.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
