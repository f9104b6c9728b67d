"""`composteur simulate`: devices from the command line, with a venue at the other end."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from config.models import Channel
from drivers.commands import Pulse, Release, SetMode, ShowDecision
from drivers.link import Device
from drivers.mqtt import MqttSettings
from drivers.signals import CodeRead, GateEvent, InputChanged, LinkChanged
from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.mqtt.venue import SITE, Venue, wall

ONE = ("gate", "--mqtt", "mqtt://127.0.0.1:1", "--site", "s", "--equipment", "x")


@asynccontextmanager
async def _composteur(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "gateway.cli", "simulate", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_gates_present_the_codes_of_a_file_and_people_pass(
    broker: Mosquitto, tmp_path: Path
) -> None:
    codes = tmp_path / "codes.txt"
    codes.write_text("AAA\n\nBBB\nCCC\n")
    venue = Venue(broker.url)
    gates = ["north-1", "north-2"]
    async with venue.running(devices=gates):
        async with _composteur(
            *("gate", "--mqtt", broker.url, "--site", SITE, "--equipment", "north"),
            *("--gates", "2", "--codes", str(codes), "--rate", "20", "--behave", "pass"),
        ) as process:
            for number in range(3):
                await venue.until(lambda n=number: len(venue.told(CodeRead)) > n, within_s=15)  # type: ignore[misc]
                read = venue.told(CodeRead)[number]
                decision = ShowDecision(read.id or "", {"decision": "granted"})
                await venue.send(decision, read.device)
                await venue.send(Release("entry", 500, 1, f"e{number}"), read.device)
            assert process.stdout is not None
            said = (await process.stdout.read()).decode()
        await venue.until_down(gates[0])

    assert "3 passed; from the code to the release" in said
    assert {read.code for read in venue.told(CodeRead)} == {"AAA", "BBB", "CCC"}
    assert sum(event.type == "passed" for event in venue.told(GateEvent)) == 3


async def test_whoever_is_granted_at_a_free_gate_passes_without_a_release(
    broker: Mosquitto, tmp_path: Path
) -> None:
    codes = tmp_path / "codes.txt"
    codes.write_text("AAA\n")
    venue = Venue(broker.url)
    async with (
        venue.running(devices=["north-1"]),
        _composteur(
            *("gate", "--mqtt", broker.url, "--site", SITE, "--equipment", "north-1"),
            *("--codes", str(codes), "--rate", "20", "--behave", "pass"),
            *("--direction", "exit"),
        ) as process,
    ):
        await venue.until(lambda: len(venue.told(CodeRead)) > 0, within_s=15)
        (read,) = venue.told(CodeRead)
        await venue.send(SetMode("exit", "free"), read.device)
        await venue.send(ShowDecision(read.id or "", {"decision": "granted"}), read.device)
        assert process.stdout is not None
        said = (await process.stdout.read()).decode()

    assert "1 passed; from the code to the release" in said
    (passed,) = [event for event in venue.told(GateEvent) if event.type == "passed"]
    assert (passed.direction, passed.tx) == ("exit", None)


async def test_a_relay_pulses_and_somebody_passes(broker: Mosquitto) -> None:
    venue = Venue(broker.url)
    channels = {"release_entry": Channel(at=0), "passage_entry": Channel(at=0)}
    settings = MqttSettings(dialect="shelly", prefix="shelly-1")
    async with (
        venue.running(settings, [Device("north-1", "turnstile", channels)]),
        _composteur(
            *("relay", "--mqtt", broker.url, "--dialect", "shelly", "--prefix", "shelly-1"),
            *("--passage", "0"),
        ),
    ):
        await venue.until_up(within_s=15)
        await venue.links["north-1"].send("north-1", Pulse("release_entry", 300), wall() + 1000)
        await venue.until(lambda: len(venue.told(InputChanged)) == 2)

    assert [change.value for change in venue.told(InputChanged)] == [True, False]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gate", "--equipment", "x"), "there is no site file"),
        (("gate", "--mqtt", "mqtt://127.0.0.1:1", "--equipment", "x"), "which site?"),
        (("gate", "--mqtt", "mqtt://127.0.0.1:1", "--site", "s"), "no MQTT gate"),
        (
            (
                "gate",
                "--mqtt",
                "mqtt://127.0.0.1:1",
                "--site",
                "s",
                "--equipment",
                "x",
                "--behave",
                "dance",
            ),
            "allowed: pass, giveup",
        ),
        (
            (
                "gate",
                "--mqtt",
                "mqtt://127.0.0.1:1",
                "--site",
                "s",
                "--equipment",
                "x",
                "--fault",
                "late-ack=soon",
            ),
            "allowed: mute, frozen",
        ),
    ],
)
async def test_what_cannot_be_meant_is_said_in_a_line(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with _composteur(*words) as process:
        assert process.stdout is not None
        assert said in (await process.stdout.read()).decode()
        assert await process.wait() in {1, 2}


async def test_ctrl_c_ends_gates_in_order(broker: Mosquitto) -> None:
    venue = Venue(broker.url)
    async with venue.running(devices=["north"]):
        async with _composteur(
            *("gate", "--mqtt", broker.url, "--site", SITE, "--equipment", "north")
        ) as process:
            await venue.until_up("north", within_s=15)
            process.send_signal(2)
            await process.wait()
        await venue.until_down("north")

    assert venue.told(LinkChanged)[-1].why == "it is offline"
