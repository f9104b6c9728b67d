"""What `drivers.link` promises of every wire, tried on a device of each; one line for the next."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.commands import Ping
from drivers.link import CommandFailed
from tests.integration.wires.bench import Bench, Venue, wall
from tests.integration.wires.conftest import need_mosquitto
from tests.integration.wires.modbus_benches import ModbusRtuBench, ModbusTcpBench
from tests.integration.wires.mqtt_bench import MqttBench
from tests.integration.wires.osdp_bench import OsdpBench, SecureOsdpBench
from tests.integration.wires.serial_benches import ScannerBench, SerialGateBench


def _on_mqtt(folder: Path) -> Bench:
    need_mosquitto()
    return MqttBench(folder)


BENCHES: dict[str, Callable[[Path], Bench]] = {
    "modbus-rtu": ModbusRtuBench,
    "modbus-tcp": ModbusTcpBench,
    "mqtt": _on_mqtt,
    "osdp": OsdpBench,
    "osdp-secure": SecureOsdpBench,
    "scanner": ScannerBench,
    "serial-gate": SerialGateBench,
}
"""The devices, by the name that their tests have."""
ONLY_READ = {"scanner"}
"""Those that can be told nothing."""


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest, folder: Path) -> Bench:
    return BENCHES[request.param](folder)


@pytest.fixture(params=[name for name in BENCHES if name not in ONLY_READ])
def obeying(request: pytest.FixtureRequest, folder: Path) -> Bench:
    return BENCHES[request.param](folder)


class TestEveryWire:
    async def test_it_connects_by_itself_and_tells_it_once(self, bench: Bench) -> None:
        venue = Venue(bench)
        async with bench.running(), venue.running():
            await venue.until_up()
            await venue.sent()
            await asyncio.sleep(0.3)

            assert venue.ups == [True]

    async def test_a_device_that_comes_late_is_told_down_once_and_then_up(
        self, bench: Bench
    ) -> None:
        venue = Venue(bench)
        async with bench.running():
            await bench.unplug()
            async with venue.running():
                await venue.until_down()
                await asyncio.sleep(0.6)
                assert venue.ups == [False]
                assert await venue.failure()

                await bench.plug()
                assert await venue.until_up() <= bench.back_s + 1

        assert venue.ups == [False, True]

    async def test_a_pulled_cable_is_told_once_and_so_is_its_return(self, bench: Bench) -> None:
        venue = Venue(bench)
        async with bench.running(), venue.running():
            await venue.until_up()
            for _ in range(2):
                await bench.unplug()
                assert await venue.until_down() <= bench.down_s + 1
                await bench.plug()
                assert await venue.until_up() <= bench.back_s + 1

            assert venue.ups == [True, False, True, False, True]
            await venue.sent()

    async def test_what_happens_at_the_device_is_told_once_also_after_a_return(
        self, bench: Bench
    ) -> None:
        venue = Venue(bench)
        async with bench.running(), venue.running():
            await venue.until_up()
            bench.happen(1)
            await venue.until(lambda: len(venue.happened) == 1)
            await bench.unplug()
            await venue.until_down()
            await bench.plug()
            await venue.until_up()
            bench.happen(2)
            await venue.until(lambda: len(venue.happened) >= 2)
            await asyncio.sleep(0.3)

            assert len(venue.happened) == 2

    async def test_a_command_for_a_device_that_is_gone_fails_at_once_and_is_never_sent(
        self, obeying: Bench
    ) -> None:
        venue = Venue(obeying)
        async with obeying.running(), venue.running():
            await venue.until_up()
            await obeying.unplug()
            await venue.until_down()
            async with asyncio.timeout(0.5):
                assert await venue.failure()
            await obeying.plug()
            await venue.until_up()
            await asyncio.sleep(0.6)

            assert obeying.obeyed() == 0

    async def test_a_command_that_nobody_answers_fails_in_time_and_is_never_repeated(
        self, obeying: Bench
    ) -> None:
        venue = Venue(obeying)
        async with obeying.running(), venue.running():
            await venue.until_up()
            obeying.mute(on=True)
            async with asyncio.timeout(1.5):
                assert await venue.failure()
            obeying.mute(on=False)
            await asyncio.sleep(0.6)
            assert obeying.obeyed() == 0

            await venue.sent(2)
            assert obeying.obeyed() == 1

    async def test_a_command_whose_answer_gets_lost_fails_and_is_never_repeated(
        self, obeying: Bench
    ) -> None:
        venue = Venue(obeying)
        async with obeying.running(), venue.running():
            await venue.until_up()
            obeying.lose_answers(on=True)
            assert await venue.failure()
            obeying.lose_answers(on=False)
            await asyncio.sleep(0.6)

            assert obeying.obeyed() == 1

    async def test_a_command_under_way_fails_with_its_cable_and_is_never_repeated(
        self, obeying: Bench
    ) -> None:
        venue = Venue(obeying)
        async with obeying.running(), venue.running():
            await venue.until_up()
            obeying.mute(on=True)
            sent = venue.sent()
            await asyncio.sleep(0.05)
            await obeying.unplug()
            with pytest.raises(CommandFailed):
                await sent
            obeying.mute(on=False)
            await venue.until_down()
            await obeying.plug()
            await venue.until_up()
            await asyncio.sleep(0.6)

            assert obeying.obeyed() == 0

    async def test_nothing_is_sent_after_its_time(self, obeying: Bench) -> None:
        venue = Venue(obeying)
        async with obeying.running(), venue.running():
            await venue.until_up()
            with pytest.raises(CommandFailed):
                await venue.sent(within_ms=0)
            await asyncio.sleep(0.2)

            assert obeying.obeyed() == 0

    async def test_a_device_that_is_not_on_the_link_is_told_nothing(self, bench: Bench) -> None:
        venue = Venue(bench)
        async with bench.running(), venue.running():
            await venue.until_up()
            with pytest.raises(CommandFailed):
                await venue.link.send("somebody-else", Ping(), wall() + 2000)

    async def test_what_nobody_understands_is_counted_and_the_line_goes_on(
        self, bench: Bench
    ) -> None:
        venue = Venue(bench)
        async with bench.running(), venue.running():
            await venue.until_up()
            bench.rave()
            await venue.until(lambda: sum(venue.drops.counts.values()) >= 1)
            assert not venue.happened
            await asyncio.sleep(0.3)
            await venue.sent()
            bench.happen(1)
            await venue.until(lambda: len(venue.happened) == 1)

            assert venue.ups == [True]
            assert set(dict(venue.drops.by_device)) <= {
                (bench.device.id, what) for what in venue.drops.counts
            }

    async def test_a_link_that_ends_leaves_no_command_without_an_end(self, obeying: Bench) -> None:
        venue = Venue(obeying)
        async with obeying.running():
            async with venue.running():
                await venue.until_up()
                obeying.mute(on=True)
                sent = venue.sent()
            assert sent.done()
            with pytest.raises(CommandFailed):
                await sent

    async def test_links_that_come_and_go_leave_nothing(self, bench: Bench) -> None:
        async with bench.running():
            left: list[tuple[int, int]] = []
            for _ in range(6):
                venue = Venue(bench)
                async with venue.running():
                    await venue.until_up()
                await asyncio.sleep(0.05)
                left.append((_descriptors(), len(asyncio.all_tasks())))

            assert left[-1][0] <= left[1][0]
            assert left[-1][1] <= left[1][1]


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
