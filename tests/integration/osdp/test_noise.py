"""Noise on OSDP lines: no crash, no false code, nothing opened, and what is rejected is counted."""

import asyncio
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from drivers.osdp.face import Kind, led
from drivers.osdp.framing import CRC, POLL, RAW, REPLY, Frame, Framer, write
from drivers.osdp.panel import Panel
from drivers.osdp.simulator import SimulatedReader
from drivers.serial.codec import Rejected, Why
from tests.integration.osdp.conftest import KEY
from tests.integration.osdp.venue import (
    DOOR,
    PlainReader,
    Venue,
    in_the_clear,
    readers,
    running,
    secured,
)

SENSE = (
    (0x40, b""),
    (0x45, PlainReader.PDID),
    (0x46, PlainReader.CAN),
    (0x50, b"\x00\x00\x30\x00TICKET"),
    (0x53, b"\x00\x02\x31\x32"),
    (0x48, b"\x01\x00"),
    (0x49, b"\x00\x01"),
    (0x4A, b"\x00\x01"),
    (0x41, b"\x04"),
    (0x76, bytes(32)),
    (0x78, bytes(16)),
)
"""Replies that mean something, in their place."""
ANY = sorted(set(range(256)) - {0x79})
"""All but busy, upon which libosdp rests for 0.8 s."""


def flipped(dice: Random, number: int) -> None:
    """Flip a bit of frames: what is spoilt is rejected and counted, the others are read."""
    framer = Framer()
    read = good = spoilt = rejected = 0
    for each in range(number):
        card = write(3 | REPLY, CRC | each % 4, RAW, b"\x00\x00\x80\x00" + b"%016d" % each)
        asked, frame = Frame(write(3, CRC | each % 4, POLL)), bytearray(card)
        if dice.random() < 0.5:
            frame[1 + dice.randrange(len(frame) - 1)] ^= 1 << dice.randrange(8)
            spoilt += 1
        else:
            good += 1
        for found in (*framer.feed(bytes(frame)), *framer.silence()):
            if isinstance(found, Rejected):
                rejected += found.why in {Why.CHECK, Why.NOISE, Why.UNFINISHED}
            elif Frame(found).answers(asked):
                assert found == card
                read += 1
            else:
                rejected += 1

    assert read == good
    assert rejected >= spoilt


def babbling(dice: Random, number: int) -> None:
    """Answer libosdp with whatever has a right check: it lives, and its reader is asked on."""
    panel = Panel(3, dice.choice((None, KEY)))
    asked = 0
    for _ in range(number):
        if panel.online and dice.random() < 0.9:
            panel.submit(led("green", ((100, 0),)))
        if panel.turn() is None:
            panel.begin_anew()
            continue
        asked += 1
        what, data = dice.choice(SENSE) if dice.random() < 0.7 else (dice.choice(ANY), b"")
        if dice.random() < 0.2:
            data = dice.randbytes(dice.choice((0, 1, 4, 16, 60, 200)))
        control = dice.choice((CRC, CRC, 0, CRC | 0x08)) | dice.randrange(4)
        if control & 0x08:
            what, data = 0x02, bytes([dice.randrange(0x10, 0x1A), what]) + data
        panel.hear(write(3 | REPLY, control, what, data))
        panel.events.clear()
        panel.completed.clear()

    assert asked > number / 3


async def raving(port: Path, dice: Random, seconds: float, *, secure: bool) -> None:
    """Say anything on a line between a reader and its gateway, and then no more."""
    reader = SimulatedReader(key=KEY if secure else None, secure=secure)
    settings = secured(port, KEY) if secure else in_the_clear(port)
    venue = Venue(settings, channels=DOOR)
    shown: set[str] = set()
    async with readers(port, reader) as line, running(venue):
        await venue.until_up()
        loop = asyncio.get_running_loop()
        until, shows_at = loop.time() + seconds, 0.0
        while loop.time() < until:
            match dice.randrange(3):
                case 0:
                    line.socket.write(dice.randbytes(dice.randrange(1, 80)))
                case 1:
                    reader.faults.garbled = dice.choice((0.0, 0.0, 0.01, 0.1))
                case _ if loop.time() > shows_at:
                    code = f"TICKET-{len(shown)}"
                    shown.add(code)
                    reader.show(code)
                    shows_at = loop.time() + 0.5  # a reader remembers what nobody hears
                case _:
                    pass
            await asyncio.sleep(dice.random() / 50)
        reader.faults.garbled = 0.0
        await venue.until(lambda: venue.ups[-1], 15)
        for _ in range(10):
            reader.show("LAST")  # whoever is not heard shows it again
            with suppress(TimeoutError):
                await venue.until(lambda: venue.codes[-1:] == ["LAST"], 2)
                break

    assert venue.codes[-1] == "LAST"
    assert set(venue.codes) <= {*shown, "LAST"}
    assert not reader.texts(Kind.OUTPUT)
    assert sum(venue.drops.counts.values()) > 0


def test_spoilt_frames_are_rejected() -> None:
    flipped(Random(1), 1_000)


def test_libosdp_survives_whatever_has_a_right_check() -> None:
    babbling(Random(1), 2_000)


async def test_noise_is_counted_and_the_reader_comes_back(port: Path) -> None:
    await raving(port, Random(1), 0.3, secure=True)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_million_spoilt_frames_are_rejected() -> None:
    flipped(Random(2), 1_000_000)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(8))
def test_libosdp_survives_a_million_frames_with_a_right_check(seed: int) -> None:
    babbling(Random(seed), 125_000)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("secure", [False, True], ids=["clear", "secure"])
async def test_a_minute_of_noise_opens_nothing(port: Path, secure: bool) -> None:
    await raving(port, Random(3), 60.0, secure=secure)
