"""Noise on serial lines, a million frames of it: no crash, no false code, every frame counted."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from drivers.serial.codec import Framer, Rejected, Why
from drivers.serial.codes import Code, Rules, read_code
from drivers.serial.profile import GateProfile, profiles
from drivers.serial.simulator import enclosed
from drivers.serial.telegrams import Telegrams
from tests.integration.serial.venue import Venue, a_gate, a_release, a_scanner

ANY = bytes(range(256))
NO_END = bytes(each for each in range(256) if each not in b"\r\n")


def noisy_codes(dice: Random, number: int) -> None:
    """Send frames, each of noise or a code; every one is read, or counted as rejected."""
    rules = Rules(longest=64)
    framer = Framer("line", longest=rules.longest_frame)
    read = rejected = sent = good = 0
    while sent < number:
        frames: list[bytes] = []
        for _ in range(64):
            if dice.random() < 0.3:
                frames.append(f"CODE{sent + len(frames)}".encode())
                good += 1
            else:
                length = dice.choice((1, 5, 26, 64, 65, 200))
                frames.append(bytes(dice.choices(NO_END, k=length)))
        sent += len(frames)
        stream = b"".join(frame + dice.choice((b"\r", b"\n", b"\r\n")) for frame in frames)
        at = 0
        while at < len(stream):
            step = dice.randint(1, 300)
            for frame in framer.feed(stream[at : at + step]):
                found = frame if isinstance(frame, Rejected) else read_code(frame, rules)
                if isinstance(found, Code):
                    read += 1
                    assert found.text.isprintable() or "\x1d" in found.text
                else:
                    rejected += 1
            at += step

    assert read + rejected == sent
    assert read >= good


def noisy_checked(dice: Random, number: int) -> None:
    """Spoil one byte of checked frames: none is read as something else, and the others are."""
    framer = Framer("stx-etx", check="xor-etx", longest=64)
    spoilt = good = read = 0
    checks = 0
    for each in range(number):
        code = f"{each:026d}".encode()
        frame = bytearray(enclosed(code, "xor-etx"))
        if dice.random() < 0.5:
            at = 1 + dice.randrange(26)
            frame[at] = (frame[at] + 1 + dice.randrange(8)) % 0x40 + 0x20
            spoilt += bytes(frame[1:27]) != code
            good += bytes(frame[1:27]) == code
        else:
            good += 1
        for found in framer.feed(bytes(frame)):
            if isinstance(found, Rejected):
                checks += found.why is Why.CHECK
            else:
                assert found == code
                read += 1

    assert read == good
    assert checks == spoilt


def noisy_gate(dice: Random, number: int) -> None:
    """Flip a bit of each telegram: no yes, no passage; what is whole is still read."""
    profile = profiles()["digicon-tx1500"]
    assert isinstance(profile, GateProfile)
    wrapped = profile.frame.format
    telegrams = Telegrams(wrapped)
    whole = counted = 0
    for _ in range(number):
        telegram = bytearray(wrapped.write(dice.choice((b"\x06", b"\x15", b"\x1a", b"\x1b"))))
        spoilt = dice.random() < 0.5
        if spoilt:
            telegram[dice.randrange(5)] ^= 1 << dice.randrange(8)
        found = telegrams.feed(bytes(telegram)) + telegrams.silence()
        taken = [each for each in found if not isinstance(each, Rejected)]
        counted += len(found) - len(taken)
        assert len(taken) == (not spoilt)
        whole += spoilt
    assert counted >= whole


type Noise = Callable[[Random, int], None]

NOISES: list[Noise] = [noisy_codes, noisy_checked, noisy_gate]


@pytest.mark.parametrize("noise", NOISES)
def test_some_thousand_noisy_frames_are_read_right_or_counted(noise: Noise) -> None:
    noise(Random(1), 3_000)


@pytest.mark.soak
@pytest.mark.parametrize("noise", NOISES)
def test_a_million_noisy_frames_are_read_right_or_counted(noise: Noise) -> None:
    noise(Random(), 1_000_000)


async def raving(port: Path, number: int) -> None:
    """Rave on the lines themselves; what is said in between is still heard."""
    dice = Random(2)
    venue, engine = Venue(port), a_scanner(port)
    gate_port = port.with_name("gate")
    at_gate, gate = Venue(gate_port, profile="digicon-tx1500"), a_gate(gate_port)
    async with engine.running(), gate.running(), venue.running(), at_gate.running():
        await venue.until_up()
        await at_gate.until_up()
        for turn in range(number):
            noise = bytes(dice.choices(ANY, k=200))
            engine.socket.write(noise + b"\r\n")
            gate.socket.write(bytes(dice.choices(ANY, k=50)))
            engine.show(f"CODE-{turn}")
            await venue.until(lambda: f"CODE-{turn}" in venue.codes[-3:])  # noqa: B023
        for _ in range(3):  # what raving has left half said spoils one answer at most
            sent = at_gate.sent(a_release())
            try:
                await sent
                break
            except Exception:  # noqa: BLE001
                continue
        else:
            raise AssertionError("the gate is not spoken with any more")

    assert sum(venue.drops.counts.values()) > 0
    assert sum(at_gate.drops.counts.values()) > 0
    assert all(text.isascii() for text in venue.codes)
    assert [each.do for each in gate.obeyed if each.do == "release"]


async def test_raving_lines_are_still_read(port: Path) -> None:
    await raving(port, 100)
