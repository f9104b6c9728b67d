"""One reader: what it reads is told, what it is told it shows, what is wrong with it is said."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any, override

import pytest

from drivers.commands import Buzzer, Light, Ping, Pulse, Release, Set, Text
from drivers.osdp import OsdpSettings
from drivers.osdp.face import Kind
from drivers.osdp.framing import ACK, CRC, FORMATTED, RAW, REPLY, Frame, write
from drivers.osdp.settings import DEFAULT_KEY
from drivers.osdp.simulator import Faults, SimulatedLine, SimulatedReader
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


def a_reader(*, secure: bool, **habits: Any) -> SimulatedReader:
    return SimulatedReader(key=KEY if secure else None, secure=secure, **habits)


def settings(port: Path, *, secure: bool, **keys: Any) -> OsdpSettings:
    return secured(port, KEY, **keys) if secure else in_the_clear(port, **keys)


both = pytest.mark.parametrize("secure", [False, True], ids=["clear", "secure"])


@both
async def test_codes_read_and_typed_are_told(port: Path, secure: bool) -> None:
    reader, venue = a_reader(secure=secure), Venue(settings(port, secure=secure))
    async with readers(port, reader), running(venue):
        await venue.until_up()
        reader.show("TICKET-1")
        reader.press("4711#")
        reader.show("X" * 64)
        await venue.until(lambda: len(venue.codes) == 3)
        assert reader.secured is secure

    assert venue.codes == ["TICKET-1", "4711", "X" * 64]
    assert venue.ups == [True]


async def test_a_card_is_told_by_its_number(port: Path) -> None:
    reader, venue = SimulatedReader(), Venue(in_the_clear(port, cards="hex"))
    async with readers(port, reader), running(venue):
        await venue.until_up()
        reader.card(bytes.fromhex("04a1b2c3d4e5f6"), 56)
        reader.card(bytes.fromhex("8a4c7f40"), 26, wiegand=True)
        await venue.until(lambda: len(venue.codes) == 2)

    assert venue.codes == ["04A1B2C3D4E5F6", "22931FD"]


async def test_what_is_no_code_is_counted_and_told_nobody(port: Path) -> None:
    reader, venue = SimulatedReader(), Venue(in_the_clear(port, shortest=4))
    async with readers(port, reader), running(venue):
        await venue.until_up()
        reader.show("TI\x07KET")
        reader.card(b"TICKET", 45)
        reader.show("ABC")
        reader.press("12#")
        await venue.until(lambda: sum(venue.drops.counts.values()) == 4)

    assert venue.drops.counts == {"characters": 2, "too_short": 2}
    assert not venue.codes


@both
async def test_lights_sounds_texts_and_outputs_are_told_and_acknowledged(
    port: Path, secure: bool
) -> None:
    reader, venue = a_reader(secure=secure), Venue(settings(port, secure=secure), channels=DOOR)
    async with readers(port, reader), running(venue):
        await venue.until_up()
        await venue.sent(Light("granted", "green", ((1_000, 0),)))
        await venue.sent(Buzzer("granted", ((80, 0),)))
        await venue.sent(Text(("Bonne visite", "jusqu'à 18 h"), 3_000))
        await venue.sent(Pulse("lock", 300))
        assert reader.outputs == [True, False]
        await venue.until(lambda: reader.outputs == [False, False])
        await venue.sent(Set("lock", on=True))
        assert reader.outputs == [True, False]
        await venue.sent(Ping())

    assert [each.text for each in reader.told] == [
        "led green 10/0",
        "buzzer 1 times 1/0",
        "text 1: Bonne visite",
        "text 2: jusqu'a 18 h",
        "output 0 on for 300 ms",
        "output 0 on",
    ]


async def test_what_a_reader_cannot_follow_fails(port: Path) -> None:
    venue = Venue(in_the_clear(port), channels=DOOR)
    async with readers(port, SimulatedReader()), running(venue):
        await venue.until_up()

        assert "cannot follow Release" in await venue.failure(Release("entry", 500, 1, "e1"))
        assert "no output here" in await venue.failure(Pulse("relay", 300))


async def test_of_what_is_shown_only_the_last_waits_and_outputs_go_first(port: Path) -> None:
    reader, venue = SimulatedReader(), Venue(in_the_clear(port), channels=DOOR)
    async with readers(port, reader), running(venue):
        await venue.until_up()
        sent = [venue.sent(Light("x", colour)) for colour in ("red", "amber", "green")]
        sent.append(venue.sent(Pulse("lock", 300)))
        await asyncio.wait(sent)

    assert [each.text for each in reader.told] == ["output 0 on for 300 ms", "led green 10/0"]


async def test_a_pulse_longer_than_a_reader_can_time_begins_as_long_as_it_can(port: Path) -> None:
    reader, venue = SimulatedReader(), Venue(in_the_clear(port), channels=DOOR)
    async with readers(port, reader), running(venue):
        await venue.until_up()
        await venue.sent(Pulse("lock", 30_000))

    assert reader.texts(Kind.OUTPUT) == ["output 0 on for 25500 ms"]


async def test_an_open_case_is_told_once_and_that_it_is_closed(port: Path) -> None:
    reader, venue = SimulatedReader(), Venue(in_the_clear(port))
    async with readers(port, reader), running(venue):
        await venue.until_up()
        reader.stand(tamper=True)
        reader.stand(tamper=True)
        reader.stand(tamper=True, power_fails=True)
        reader.stand()
        await venue.until(lambda: len(venue.faults) == 3)

    assert venue.faults == ["tamper", "tamper, power failure", ""]


async def test_its_inputs_are_told_by_the_names_of_the_site_file(port: Path) -> None:
    reader, venue = SimulatedReader(), Venue(in_the_clear(port), channels=DOOR)
    async with readers(port, reader), running(venue):
        await venue.until_up()
        reader.close(True, False)
        reader.close(True, True)
        reader.close(False, True)
        reader.close(False, False)
        await venue.until(lambda: len(venue.inputs) == 3)

    assert venue.inputs == [("contact", False), ("contact", True), ("contact", False)]
    assert venue.ups == [True]


# --- the traps (hardware.md 4.3)


@both
async def test_a_reader_that_refuses_a_command_is_not_left_alone_for_300_s(
    port: Path, secure: bool
) -> None:
    reader, venue = a_reader(secure=secure), Venue(settings(port, secure=secure), channels=DOOR)
    async with readers(port, reader), running(venue):
        await venue.until_up()
        reader.faults.refused = True
        assert await venue.failure(Pulse("lock", 300)) == "refused"
        reader.faults.refused = False
        reader.show("TICKET")
        await venue.until(lambda: venue.codes == ["TICKET"])
        await venue.sent(Pulse("lock", 300))

    assert venue.ups == [True]  # and nothing that is under way elsewhere at it is given up


async def test_what_a_reader_refuses_to_show_it_is_not_told_again(port: Path) -> None:
    reader, venue = SimulatedReader(), Venue(in_the_clear(port))
    async with readers(port, reader), running(venue):
        await venue.until_up()
        reader.faults.refused = True
        assert await venue.failure(Light("granted", "green")) == "refused"
        reader.faults.refused = False
        await venue.sent(Light("denied", "red"))  # nothing is sent, and nothing fails
        await venue.sent(Buzzer("granted"))

    assert [each.kind for each in reader.told] == [Kind.BUZZER]


async def test_a_reader_without_a_display_is_told_no_text(port: Path) -> None:
    reader, venue = SimulatedReader(rows=0), Venue(in_the_clear(port))
    async with readers(port, reader), running(venue):
        await venue.until_up()
        await venue.sent(Text(("Bienvenue",), 1_000))
        await venue.sent(Light("idle", "white"))

    assert [each.text for each in reader.told] == ["led blue 10/0"]


@both
async def test_a_reader_that_comes_late_is_not_left_alone_for_300_s(
    port: Path, secure: bool
) -> None:
    reader, venue = a_reader(secure=secure), Venue(settings(port, secure=secure))
    reader.faults.mute = True
    async with readers(port, reader), running(venue):
        await venue.until_down()
        assert "no answer" in venue.why
        reader.faults.mute = False
        assert await venue.until_up() < 2

    assert venue.ups == [False, True]


@pytest.mark.soak
@both
async def test_a_lost_reader_is_shown_down_within_10_s_and_back_within_2(
    port: Path, secure: bool
) -> None:
    reader, venue = a_reader(secure=secure), Venue(settings(port, secure=secure))
    async with readers(port, reader), running(venue):
        await venue.until_up()
        for away_s in (0.0, 6.0, 11.0):
            reader.faults.mute = True
            assert await venue.until_down() < 10
            await asyncio.sleep(away_s)
            reader.faults.mute = False
            assert await venue.until_up() < 2
        reader.show("TICKET")
        await venue.until(lambda: venue.codes == ["TICKET"])

    assert venue.ups == [True, *[False, True] * 3]


async def test_one_wrong_byte_does_not_lose_the_reader(port: Path) -> None:
    reader, venue = PlainReader(port), Venue(in_the_clear(port))
    async with reader.running(), running(venue):
        await venue.until_up()
        reader.wrong = 1
        await venue.until(lambda: venue.drops.counts["check"])
        reader.says = [(0x50, b"\x00\x00\x30\x00TICKET")]
        await venue.until(lambda: venue.codes == ["TICKET"])
        await venue.sent(Light("granted", "green"))

    assert venue.ups == [True]


async def test_a_formatted_card_is_read_although_libosdp_ignores_it(port: Path) -> None:
    reader, venue = PlainReader(port), Venue(in_the_clear(port))
    async with reader.running(), running(venue):
        await venue.until_up()
        reader.says = [(0x51, b"\x00\x00\x06TICKET"), (0x50, b"\x00\x00\x18\x00TWO")]
        await venue.until(lambda: len(venue.codes) == 2)

    assert venue.codes == ["TICKET", "TWO"]
    assert venue.ups == [True]


async def test_a_card_longer_than_libosdp_takes_is_read_and_the_reader_stays(port: Path) -> None:
    long = "0123456789" * 14
    reader, venue = PlainReader(port), Venue(in_the_clear(port))
    async with reader.running(), running(venue):
        await venue.until_up()
        bits = (8 * len(long)).to_bytes(2, "little")
        reader.says = [
            (0x50, b"\x00\x00" + bits + long.encode()),
            (0x50, b"\x00\x00\xff\x07" + long.encode()),  # it says another length than it has
            (0x50, b"\x00\x00\x18\x00TWO"),
        ]
        await venue.until(lambda: len(venue.codes) == 2)

    assert venue.codes == [long, "TWO"]
    assert venue.drops.counts == {"check": 1}
    assert venue.ups == [True]


async def test_replies_that_nobody_knows_do_not_lose_the_reader(port: Path) -> None:
    reader, venue = PlainReader(port), Venue(in_the_clear(port))
    async with reader.running(), running(venue):
        await venue.until_up()
        reader.says = [(0x99, b"?"), (0x80, b""), (0x50, b"\x00\x00\x18\x00TWO")]
        await venue.until(lambda: venue.codes == ["TWO"])

    assert venue.ups == [True]


async def test_more_inputs_than_it_has_said_it_has_do_not_lose_the_reader(port: Path) -> None:
    reader, venue = PlainReader(port), Venue(in_the_clear(port), channels=DOOR)
    reader.answers[0x65] = (0x49, b"\x00\x00\x00")
    async with reader.running(), running(venue):
        await venue.until(lambda: venue.inputs == [("contact", False)])
        reader.says = [(0x49, b"\x00\x01\x00"), (0x4A, b"\x00"), (0x49, b"\x00")]
        await venue.until(lambda: venue.inputs == [("contact", False), ("contact", True)])
        await venue.sent(Light("granted", "green"))

    assert venue.ups == [True]


async def test_how_inputs_stand_is_asked_once_and_a_refusal_of_that_is_no_loss(port: Path) -> None:
    reader, venue = PlainReader(port), Venue(in_the_clear(port), channels=DOOR)
    reader.answers[0x65] = (0x49, b"\x00\x01")
    async with reader.running(), running(venue):
        await venue.until_up()
        await venue.until(lambda: venue.inputs == [("contact", True)])

    refusing = Venue(in_the_clear(port), channels=DOOR)
    reader.told.clear()
    reader.answers[0x65] = (0x41, b"\x09")
    async with reader.running(), running(refusing):
        await refusing.until_up()
        await refusing.until(lambda: 0x65 in [number for number, _ in reader.told])
        await refusing.sent(Light("granted", "green"))

    assert refusing.ups == [True]
    assert [number for number, _ in reader.told].count(0x65) == 1


async def test_a_busy_reader_is_told_again_what_it_has_not_taken(port: Path) -> None:
    reader, venue = PlainReader(port), Venue(in_the_clear(port))
    async with reader.running(), running(venue):
        await venue.until_up()
        reader.answers[0x69] = (0x79, b"")
        sent = venue.sent(Light("granted", "green"))
        await venue.until(lambda: 0x69 in [number for number, _ in reader.told])
        del reader.answers[0x69]
        await sent

    assert venue.ups == [True]


async def test_a_reader_that_starts_anew_is_told_down_and_up_so_that_it_is_shown_anew(
    port: Path,
) -> None:
    reader, venue = SimulatedReader(), Venue(in_the_clear(port))
    async with readers(port, reader), running(venue):
        await venue.until_up()
        reader.reboot()
        await venue.until(lambda: len(venue.ups) == 3)

    assert venue.ups == [True, False, True]
    assert "started anew" in [each.why for each in venue.signals if hasattr(each, "why")][1]


# --- keys


async def test_a_reader_with_another_key_is_down_and_it_is_said_why(port: Path) -> None:
    reader = SimulatedReader(key=bytes(16), secure=True)
    venue = Venue(secured(port, KEY))
    async with readers(port, reader), running(venue):
        await venue.until_down()

    assert venue.ups == [False]
    assert "does not take our key" in venue.why


async def test_a_reader_that_takes_the_default_key_is_never_paired_by_itself(port: Path) -> None:
    reader = SimulatedReader(key=DEFAULT_KEY, install=True)
    venue = Venue(secured(port, KEY))
    async with readers(port, reader), running(venue):
        await venue.until_down()
        await asyncio.sleep(0.5)

    assert reader.key == DEFAULT_KEY
    assert not reader.told
    assert venue.ups == [False]


async def test_a_reader_that_wants_a_key_is_not_spoken_to_in_the_clear(port: Path) -> None:
    reader, venue = SimulatedReader(key=KEY, secure=True), Venue(in_the_clear(port))
    async with readers(port, reader), running(venue):
        await venue.until_down()
        await asyncio.sleep(0.5)

    assert venue.ups == [False]
    assert "without a key" in venue.why


async def test_a_reader_that_knows_no_secure_channel_is_not_spoken_to_without_one(
    port: Path,
) -> None:
    reader, venue = PlainReader(port), Venue(secured(port, KEY))
    async with reader.running(), running(venue):
        await venue.until_down()

    assert "knows no secure channel" in venue.why


async def test_codes_said_in_the_clear_to_a_secure_line_are_not_believed(port: Path) -> None:
    """A device put on the cable answers in the reader's place, once it is paired."""
    reader, venue = SimulatedReader(key=KEY, secure=True), Venue(secured(port, KEY))
    async with readers(port, reader) as line, running(venue):
        await venue.until_up()
        for sequence in range(4):
            for forged in (
                (RAW, b"\x00\x00\x30\x00FORGED"),
                (FORMATTED, b"\x00\x00\x06FORGED"),
                (RAW, b"\x00\x00" + (8 * 100).to_bytes(2, "little") + b"F" * 100),
            ):
                line.socket.write(write(REPLY, CRC | sequence, *forged))
                await asyncio.sleep(0.03)
        reader.show("TICKET")
        await venue.until(lambda: "TICKET" in venue.codes)

    assert venue.codes == ["TICKET"]


class ForgingLine(SimulatedLine):
    """Somebody on the cable says a card in the place of an answer, with a secure block of a type.

    0: without any. It knows no key.
    """

    block: int | None = None

    @override
    def _say_now(self, data: bytes, faults: Faults) -> None:
        answer = Frame(data)
        if self.block is not None and answer.sealed and answer.id == ACK:
            card = b"\x00\x00\x30\x00FORGED"
            control = answer.raw[4]
            if self.block:
                data = write(REPLY, control, 3, bytes([self.block, 1, RAW]) + card)
            else:
                data = write(REPLY, control & (CRC | 0x03), RAW, card)
            self.block = None
        super()._say_now(data, faults)


@pytest.mark.parametrize("block", [0, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18])
async def test_a_card_that_somebody_else_says_in_the_readers_place_is_not_believed(
    port: Path, block: int
) -> None:
    reader, venue = SimulatedReader(key=KEY, secure=True), Venue(secured(port, KEY))
    async with ForgingLine(port, [reader], dice=Random(1)).running() as line, running(venue):
        await venue.until_up()
        line.block = block
        await venue.until(lambda: line.block is None)
        reader.show("TICKET")
        await venue.until(lambda: "TICKET" in venue.codes)

    assert venue.codes == ["TICKET"]
