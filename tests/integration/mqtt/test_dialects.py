"""One contract for every dialect, ours among them, each against its simulator on a real broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import get_args

import pytest

from config.models import Channel
from drivers.commands import Command, Ping, Pulse, Set
from drivers.link import CommandFailed, Device
from drivers.mqtt import MqttSettings
from drivers.mqtt.relays import BOARDS, ESPHomeBoard, ShellyBoard, SimulatedBoard, TasmotaBoard
from drivers.mqtt.settings import DialectName
from drivers.mqtt.simulator import SimulatedGate
from drivers.signals import InputChanged, LinkChanged, StateRead
from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.mqtt.venue import GATE, Venue, a_client, a_gate, a_release, wall

DIALECTS: list[DialectName] = list(get_args(DialectName.__value__))
CONTACTS: list[DialectName] = list(BOARDS)
CHANNELS = {
    "release_entry": Channel(at=1),
    "free_entry": Channel(at=2),
    "passage_entry": Channel(at=1),
    "fire": Channel(at=2),
}


@dataclass
class Stage:
    """A venue and a device that speak the same dialect."""

    venue: Venue
    device: SimulatedGate | SimulatedBoard
    command: Command

    @property
    def board(self) -> SimulatedBoard:
        assert isinstance(self.device, SimulatedBoard)
        return self.device

    def done(self) -> int:
        """How often the command was carried out."""
        if isinstance(self.device, SimulatedGate):
            return sum(command["do"] == "release" for command in self.device.obeyed)
        return sum(on for _, on, _ in self.device.switched)


def a_stage(url: str, dialect: DialectName) -> Stage:
    venue = Venue(url)
    if dialect == "composteur":
        return Stage(venue, a_gate(url), a_release())
    board = BOARDS[dialect](url, f"{dialect}-1", wall=wall)
    board.inputs = {1: False, 2: True}
    return Stage(venue, board, Pulse("release_entry", 500))


def the_settings(dialect: DialectName) -> MqttSettings:
    prefix = None if dialect == "composteur" else f"{dialect}-1"
    return MqttSettings(dialect=dialect, prefix=prefix, ack_ms=200, keepalive_s=1)


@asynccontextmanager
async def up(stage: Stage, dialect: DialectName) -> AsyncIterator[Stage]:
    device = Device(GATE, "turnstile", {} if dialect == "composteur" else CHANNELS)
    async with stage.venue.running(the_settings(dialect), [device]), stage.device.running():
        await stage.venue.until_up()
        yield stage


@pytest.mark.parametrize("dialect", DIALECTS)
class TestEveryDialect:
    async def test_it_is_up_while_the_device_is(
        self, broker: Mosquitto, dialect: DialectName
    ) -> None:
        stage = a_stage(broker.url, dialect)
        async with stage.venue.running(
            the_settings(dialect), [Device(GATE, "turnstile", CHANNELS)]
        ):
            async with stage.device.running():
                await stage.venue.until_up()
            await stage.venue.until_down()
        assert [signal.up for signal in stage.venue.told(LinkChanged)] == [True, False]

    async def test_a_command_is_carried_out_once_and_acknowledged(
        self, broker: Mosquitto, dialect: DialectName
    ) -> None:
        async with up(a_stage(broker.url, dialect), dialect) as stage:
            await stage.venue.send(stage.command)
            await asyncio.sleep(0.1)
            assert stage.done() == 1

    async def test_a_device_that_says_nothing_fails_the_command_in_time(
        self, broker: Mosquitto, dialect: DialectName
    ) -> None:
        async with up(a_stage(broker.url, dialect), dialect) as stage:
            stage.device.faults.mute = True
            begun = asyncio.get_running_loop().time()
            assert "no answer within 200 ms" in await stage.venue.failure(stage.command)
            assert asyncio.get_running_loop().time() - begun < 0.4

    async def test_nothing_is_sent_after_its_time(
        self, broker: Mosquitto, dialect: DialectName
    ) -> None:
        async with up(a_stage(broker.url, dialect), dialect) as stage:
            link = stage.venue.links[GATE]
            with pytest.raises(CommandFailed, match="too late"):
                await link.send(GATE, stage.command, wall() - 1)
            await asyncio.sleep(0.1)
            assert stage.done() == 0

    async def test_a_lost_broker_takes_what_was_under_way_with_it(
        self, broker: Mosquitto, dialect: DialectName
    ) -> None:
        async with up(a_stage(broker.url, dialect), dialect) as stage:
            broker.freeze()
            sent = stage.venue.links[GATE].send(GATE, stage.command, wall() + 5000)
            broker.kill()
            with pytest.raises(CommandFailed):
                await sent
            await stage.venue.until_down()
            broker.start()
            await stage.venue.until_up()
            await asyncio.sleep(0.2)
            assert stage.done() == 0
            await stage.venue.send(stage.command)

    async def test_garbage_on_every_topic_is_dropped(
        self, broker: Mosquitto, dialect: DialectName
    ) -> None:
        async with up(a_stage(broker.url, dialect), dialect) as stage:
            filters = stage.venue.links[GATE].filters  # type: ignore[attr-defined]
            async with a_client(broker.url) as rogue:
                for one in filters:
                    for payload in (
                        b"",
                        b"\xff\x00",
                        b"[]",
                        b"{}",
                        b'{"id":{},"x:0":[]}',
                        b"1" * 999,
                    ):
                        rogue.publish(one.topic, payload)
            await stage.venue.until(lambda: stage.venue.broker.drops.counts["rejected"] >= 5)
            await stage.venue.send(stage.command)
            assert stage.venue.broker.connections == 1

    async def test_it_answers_when_asked_whether_it_is_there(
        self, broker: Mosquitto, dialect: DialectName
    ) -> None:
        async with up(a_stage(broker.url, dialect), dialect) as stage:
            await stage.venue.send(Ping())

    async def test_an_unknown_device_and_channel_fail_at_once(
        self, broker: Mosquitto, dialect: DialectName
    ) -> None:
        async with up(a_stage(broker.url, dialect), dialect) as stage:
            link = stage.venue.links[GATE]
            for device, command in (("nobody", Ping()), (GATE, Set("granted", on=True))):
                with pytest.raises(CommandFailed):
                    await link.send(device, command, wall() + 1000)


@pytest.mark.parametrize("dialect", CONTACTS)
class TestBoards:
    async def test_a_pulse_drops_by_itself_and_a_level_stays(
        self, broker: Mosquitto, dialect: DialectName
    ) -> None:
        """The board ends the pulse: no second message of ours (trap: §0.10)."""
        async with up(a_stage(broker.url, dialect), dialect) as stage:
            board = stage.board
            board.pulse_s = 0.3  # type: ignore[attr-defined]
            await stage.venue.send(Pulse("release_entry", 300))
            broker.freeze()  # nothing of ours can reach it any more
            await asyncio.sleep(0.5)
            broker.thaw()
            (_, on, begun), (_, off, ended) = board.switched
            assert (on, off) == (True, False)
            assert 0.25 < ended - begun < 0.4
            board.pulse_s = None  # type: ignore[attr-defined]
            await stage.venue.send(Set("free_entry", on=True))
            await asyncio.sleep(0.4)
            assert board.outputs == {1: False, 2: True}
            await stage.venue.send(Set("free_entry", on=False))
            assert board.outputs[2] is False

    async def test_inputs_are_told_as_they_stand_then_as_they_change(
        self, broker: Mosquitto, dialect: DialectName
    ) -> None:
        async with up(a_stage(broker.url, dialect), dialect) as stage:
            await stage.venue.until(lambda: len(stage.venue.told(StateRead)) == 2)
            stands = [state.inputs for state in stage.venue.told(StateRead)]
            assert sorted(stands, key=str) == [{"fire": True}, {"passage_entry": False}]
            for value in (True, True, False):
                stage.board.set_input(1, value=value)
            stage.board.set_input(9, value=True)  # nobody's
            await stage.venue.until(lambda: len(stage.venue.told(InputChanged)) == 2)
            told = [(change.name, change.value) for change in stage.venue.told(InputChanged)]
            assert told == [("passage_entry", True), ("passage_entry", False)]

    async def test_it_is_told_how_inputs_stand_again_after_the_board_was_away(
        self, broker: Mosquitto, dialect: DialectName
    ) -> None:
        stage = a_stage(broker.url, dialect)
        async with stage.venue.running(
            the_settings(dialect), [Device(GATE, "turnstile", CHANNELS)]
        ):
            async with stage.device.running():
                await stage.venue.until_up()
                await stage.venue.until(lambda: len(stage.venue.told(StateRead)) == 2)
            await stage.venue.until_down()
            stage.venue.signals.clear()
            stage.board.inputs[1] = True
            async with stage.device.running():
                await stage.venue.until_up()
                await stage.venue.until(
                    lambda: (
                        {"passage_entry": True} in [s.inputs for s in stage.venue.told(StateRead)]
                    )
                )


async def test_a_shelly_that_refuses_says_why(broker: Mosquitto) -> None:
    async with up(a_stage(broker.url, "shelly"), "shelly") as stage:
        stage.device.faults.refuse = "overpower"
        assert await stage.venue.failure(Pulse("release_entry", 500)) == "overpower"


async def test_a_shelly_that_hangs_is_asked_and_told_down(broker: Mosquitto) -> None:
    async with up(a_stage(broker.url, "shelly"), "shelly") as stage:
        await asyncio.sleep(2.5)
        assert stage.venue.up() is True
        stage.device.faults.frozen = True
        await stage.venue.until_down(within_s=2.5)


async def test_a_tasmota_is_switched_only_when_its_pulse_was_read_back(broker: Mosquitto) -> None:
    async with up(a_stage(broker.url, "tasmota"), "tasmota") as stage:
        board = stage.board
        assert isinstance(board, TasmotaBoard)
        await stage.venue.send(Pulse("release_entry", 700))
        assert board.pulse_times[1] == 7
        board.faults.refuse = "Unknown"
        assert "no answer" in await stage.venue.failure(Pulse("release_entry", 900))
        assert [on for _, on, _ in board.switched] == [True]


async def test_an_esphome_without_a_pulse_of_its_own_is_switched_back_by_us(
    broker: Mosquitto,
) -> None:
    venue = Venue(broker.url)
    board = ESPHomeBoard(broker.url, "esphome-1", wall=wall)
    board.pulse_s = None
    settings = MqttSettings(dialect="esphome", prefix="esphome-1", hardware_pulse=False)
    device = Device(GATE, "turnstile", CHANNELS)
    async with venue.running(settings, [device]), board.running():
        await venue.until_up()
        await venue.send(Pulse("release_entry", 200))
        await venue.until(lambda: board.outputs.get(1) is False)

    assert [on for _, on, _ in board.switched] == [True, False]


async def test_two_boards_share_the_connection(broker: Mosquitto) -> None:
    venue = Venue(broker.url)
    boards = [ShellyBoard(broker.url, f"shelly-{n}", wall=wall) for n in (1, 2)]
    devices = [Device(f"gate-{n}", "turnstile", CHANNELS) for n in (1, 2)]
    settings = [MqttSettings(dialect="shelly", prefix=board.prefix) for board in boards]
    async with (
        venue.running(settings[0], devices[:1]),
        venue.running(settings[1], devices[1:]),
        boards[0].running(),
        boards[1].running(),
    ):
        for device in devices:
            await venue.until_up(device.id)
        await venue.send(Pulse("release_entry", 100), "gate-2")

    assert len(venue.wire.brokers) == 1
    assert (boards[0].switched, len(boards[1].switched) > 0) == ([], True)
