"""Scan engines on a pty: codes, cables, and the traps of real lines."""

import asyncio
import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import serial

from tests.integration.serial.conftest import descriptors
from tests.integration.serial.venue import Venue, a_scanner


async def test_a_code_shown_to_the_engine_is_read_once(port: Path) -> None:
    venue, engine = Venue(port), a_scanner(port)
    async with engine.running(), venue.running():
        await venue.until_up()
        engine.show("TICKET-1")
        engine.show("\x1d01ABC\x1d")
        await venue.until(lambda: len(venue.codes) == 2)

    assert venue.codes == ["TICKET-1", "\x1d01ABC\x1d"]


async def test_a_link_that_follows_another_on_its_port_is_not_deaf(port: Path) -> None:
    """A changed site file: the port is opened anew, under the descriptor that was just closed."""
    engine = a_scanner(port)
    async with engine.running():
        for _ in range(2):
            venue = Venue(port)
            async with venue.running():
                await venue.until_up()
                engine.show("TICKET")
                await venue.until(lambda: venue.codes == ["TICKET"])  # noqa: B023


async def test_a_slow_line_takes_its_own_time_and_no_more(port: Path) -> None:
    """26 characters and CRLF at 9600 baud: 280 bits, 29 ms."""
    venue, engine = Venue(port), a_scanner(port, baud=9600)
    async with engine.running(), venue.running():
        await venue.until_up()
        begun = time.monotonic()
        engine.show("X" * 26)
        await venue.until(lambda: venue.codes)
        took_s = time.monotonic() - begun

    assert took_s >= 28 * 10 / 9600
    assert took_s < 1.0


async def test_without_a_suffix_a_late_loop_does_not_cut_a_code_in_two(port: Path) -> None:
    """The silence is measured after reading what had been waiting all the while."""
    venue, engine = Venue(port, framing="gap", gap_ms=50), a_scanner(port, "scanner")
    async with engine.running(), venue.running():
        await venue.until_up()
        engine.socket.write(b"FIRST-")
        await asyncio.sleep(0.01)
        engine.socket.write(b"HALF")
        time.sleep(0.1)  # noqa: ASYNC251  # our own loop is busy: longer than the silence
        await venue.until(lambda: venue.codes)

    assert venue.codes == ["FIRST-HALF"]


async def test_bytes_that_never_become_a_code_are_counted_and_forgotten(
    port: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.serial.link.STALE_S", 0.1)
    venue, engine = Venue(port), a_scanner(port)
    async with engine.running(), venue.running():
        await venue.until_up()
        engine.socket.write(b"half a c")
        await venue.until(lambda: venue.drops.counts["unfinished"] == 1)
        engine.show("WHOLE")
        await venue.until(lambda: venue.codes)

    assert venue.codes == ["WHOLE"]


async def test_start_up_bytes_are_sent_at_each_opening_and_their_answers_are_no_codes(
    port: Path,
) -> None:
    commands = ("7E 00 08 01 00 02 01 AB CD", "7E 00 08 01 00 00 01 AB CD")
    venue, engine = Venue(port, profile="gm65", init=commands), a_scanner(port, "gm65")
    engine.answer = bytes.fromhex("02 00 00 01 00 33 31")
    async with engine.running(), venue.running():
        await venue.until_up()
        await venue.until(lambda: len(engine.told) == 2)
        await engine.unplug()
        await venue.until_down()
        await engine.plug()
        await venue.until_up()
        await venue.until(lambda: len(engine.told) == 4)
        engine.show("TICKET")
        await venue.until(lambda: venue.codes)
        assert engine.told == [bytes.fromhex(each) for each in commands] * 2

    assert venue.codes == ["TICKET"]
    assert not venue.drops.counts


async def test_what_was_read_while_we_were_away_is_of_people_long_gone(port: Path) -> None:
    venue, engine = Venue(port), a_scanner(port)
    async with engine.running():
        engine.show("OLD")
        await asyncio.sleep(0.05)
        async with venue.running():
            await venue.until_up()
            engine.show("NEW")
            await venue.until(lambda: venue.codes)

    assert venue.codes == ["NEW"]


async def test_half_a_code_before_the_cable_went_does_not_stand_before_the_next(
    port: Path,
) -> None:
    venue, engine = Venue(port), a_scanner(port)
    async with engine.running(), venue.running():
        await venue.until_up()
        engine.socket.write(b"HALF-")
        await asyncio.sleep(0.05)
        await engine.unplug()
        await venue.until_down()
        await engine.plug()
        await venue.until_up()
        engine.show("WHOLE")
        await venue.until(lambda: venue.codes)

    assert venue.codes == ["WHOLE"]


async def test_a_port_that_another_program_has_is_not_read_by_two(port: Path) -> None:
    """Two who read one scanner get half the bytes each."""
    venue, engine = Venue(port), a_scanner(port)
    async with engine.running():
        other = os.open(os.readlink(port), os.O_RDWR | os.O_NOCTTY)  # noqa: PTH115
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        async with venue.running():
            await venue.until_down()
            assert "another program has it open" in venue.why
            os.close(other)
            await venue.until_up()
            with pytest.raises(serial.SerialException):
                await asyncio.to_thread(serial.Serial, str(port), exclusive=True)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda port: None, "it is not there"),
        (lambda port: port.mkdir(), "it is no serial port"),
        (lambda port: port.touch(), "it is no serial port"),
        (lambda port: port.symlink_to(port), "symbolic links"),
    ],
)
async def test_a_port_that_cannot_be_opened_says_why_once(
    port: Path, made: Callable[[Path], object], why: str
) -> None:
    made(port)
    venue = Venue(port)
    async with venue.running():
        await venue.until_down()
        await asyncio.sleep(0.6)

    assert venue.ups == [False]
    assert why in venue.why
    assert str(port) in venue.why


async def test_an_end_of_file_does_not_spin(port: Path) -> None:
    """A device that is gone is ready to be read for ever, and reads nothing."""
    reads = 0
    real = os.read

    def counting(descriptor: int, length: int) -> bytes:
        nonlocal reads
        reads += 1
        return real(descriptor, length)

    venue, engine = Venue(port), a_scanner(port)
    async with engine.running(), venue.running():
        await venue.until_up()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "read", counting)
            await engine.unplug()
            await venue.until_down()
            await asyncio.sleep(0.3)

    assert reads <= 3
    assert "it was unplugged" in venue.why


async def test_a_link_that_ends_while_the_port_is_being_opened_leaves_nothing_open(
    port: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = serial.Serial

    def slow(*arguments: Any, **keys: Any) -> serial.Serial:
        time.sleep(0.2)
        return real(*arguments, **keys)

    monkeypatch.setattr(serial, "Serial", slow)
    engine = a_scanner(port)
    async with engine.running():
        await asyncio.sleep(0.05)
        before = descriptors()
        async with Venue(port).running():
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.4)

        assert descriptors() == before


async def test_more_than_a_thousand_open_files_are_no_hindrance(port: Path) -> None:
    """Pyserial's own reads go through select(), which knows 1,024 of them."""
    held: list[int] = []
    try:
        while len(held) < 1100:
            held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pytest.skip("the limit of open files is too low here")
    try:
        venue, engine = Venue(port), a_scanner(port)
        async with engine.running(), venue.running():
            await venue.until_up()
            engine.show("TICKET")
            await venue.until(lambda: venue.codes)
    finally:
        for each in held:
            os.close(each)


async def cycles(port: Path, number: int) -> None:
    """Pull the cable and put it back, again and again."""
    venue, engine = Venue(port), a_scanner(port)
    left: list[tuple[int, int]] = []
    async with engine.running(), venue.running():
        for cycle in range(number):
            await venue.until_up()
            engine.show(f"TICKET-{cycle}")
            await venue.until(lambda: len(venue.codes) > cycle)  # noqa: B023
            await engine.unplug()
            await venue.until_down()
            left.append((descriptors(), len(asyncio.all_tasks())))
            await engine.plug()
        await venue.until_up()

    assert venue.codes == [f"TICKET-{cycle}" for cycle in range(number)]
    assert venue.ups == [True, *[False, True] * number]
    settled = min(4, number // 2)
    assert max(left[-3:]) <= max(left[settled : settled + 3])


async def test_ten_pulled_cables_leave_nothing_open(
    port: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.serial.line.POLL_S", 0.01)
    await cycles(port, 10)


@pytest.mark.soak
async def test_a_thousand_pulled_cables_leave_nothing_open(
    port: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.serial.line.POLL_S", 0.01)
    await cycles(port, 1000)
