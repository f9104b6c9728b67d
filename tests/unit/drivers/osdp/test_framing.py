from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.osdp.framing import (
    ACK,
    CRC,
    LONGEST,
    POLL,
    RAW,
    REPLY,
    Frame,
    Framer,
    acknowledging,
    broken,
    write,
)
from drivers.osdp.panel import Panel
from drivers.serial.codec import Rejected, Why

CARD = write(3 | REPLY, CRC | 2, RAW, b"\x00\x00\x30\x00TICKET")


def test_what_libosdp_says_is_cut_and_its_check_is_right() -> None:
    pytest.importorskip("osdp_sys")
    said = Panel(3, None).turn()
    assert said is not None
    (frame,) = Framer().feed(said)
    assert isinstance(frame, bytes)
    assert (Frame(frame).address, Frame(frame).reply, Frame(frame).id) == (3, False, 0x61)


@pytest.mark.parametrize("step", [1, 2, 7, 100])
def test_frames_are_found_however_they_are_read(step: int) -> None:
    stream = b"\xff" + CARD + b"\xff\xff" + write(5 | REPLY, 0, ACK)
    framer = Framer()
    found = [
        each for at in range(0, len(stream), step) for each in framer.feed(stream[at : at + step])
    ]

    assert found == [CARD, write(5 | REPLY, 0, ACK)]
    assert not framer.unfinished


def test_a_frame_says_whose_it_is_what_it_is_and_what_it_holds() -> None:
    frame = Frame(CARD)

    assert (frame.address, frame.reply, frame.id, frame.secured) == (3, True, RAW, False)
    assert frame.data == b"\x00\x00\x30\x00TICKET"


def test_of_a_secure_channel_what_it_is_can_be_read_and_that_the_rest_cannot() -> None:
    secured = write(3 | REPLY, CRC | 0x08, 0x02, b"\x18" + bytes([RAW]) + bytes(20))
    frame = Frame(secured)

    assert (frame.secured, frame.encrypted, frame.id) == (True, True, RAW)
    assert len(frame.data) == 20


@pytest.mark.parametrize(
    ("answer", "fits"),
    [
        (write(3 | REPLY, CRC | 2, ACK), True),
        (write(3 | REPLY, CRC | 1, ACK), False),
        (write(3 | REPLY, 2, ACK), False),
        (write(4 | REPLY, CRC | 2, ACK), False),
        (write(3, CRC | 2, ACK), False),
        (write(3 | REPLY, 0, 0x41, b"\x01"), True),
        (write(3 | REPLY, CRC, 0x79), True),
    ],
)
def test_an_answer_has_the_number_and_the_check_of_what_was_asked(
    answer: bytes, fits: bool
) -> None:
    assert Frame(answer).answers(Frame(write(3, CRC | 2, POLL))) is fits


def sealed(kind: int, id_: int) -> Frame:
    """Write a frame with a secure block; the last question was a sealed poll, number 2."""
    address = 3 if kind % 2 else 3 | REPLY
    return Frame(write(address, CRC | 0x08 | 2, 2, bytes([kind, id_]) + bytes(4)))


@pytest.mark.parametrize(
    ("answer", "fits"),
    [
        (sealed(0x16, ACK), True),
        (sealed(0x18, RAW), True),
        (sealed(0x12, RAW), False),
        (sealed(0x14, RAW), False),
        (Frame(write(3 | REPLY, CRC | 2, RAW)), False),
        (Frame(write(3 | REPLY, CRC | 2, 0x41, b"\x06")), True),
        (Frame(write(3 | REPLY, CRC, 0x79)), True),
    ],
)
def test_the_answer_to_a_sealed_question_is_sealed(answer: Frame, fits: bool) -> None:
    assert answer.answers(sealed(0x15, POLL)) is fits


def test_noise_before_a_frame_is_told_once_and_the_frame_is_found() -> None:
    assert Framer().feed(b"\x00\x01\x02" + CARD) == [Rejected(Why.NOISE), CARD]


def test_a_wrong_byte_is_told_and_the_next_frame_is_found() -> None:
    wrong = bytearray(CARD)
    wrong[8] ^= 0x10

    assert Framer().feed(bytes(wrong) + CARD) == [Rejected(Why.CHECK), CARD]


def test_a_length_that_cannot_be_is_no_beginning() -> None:
    assert Framer().feed(b"S\x83\xff\xff\x04" + CARD) == [Rejected(Why.NOISE), CARD]


def test_a_frame_that_a_wrong_length_has_swallowed_is_found_when_nothing_more_comes() -> None:
    framer = Framer()
    long = b"S\x83" + (LONGEST - 1).to_bytes(2, "little") + b"\x04"

    assert framer.feed(long + CARD) == []
    assert framer.silence() == [Rejected(Why.UNFINISHED), CARD]
    assert not framer.unfinished


def test_a_secure_block_longer_than_its_frame_is_none() -> None:
    wrong = write(3 | REPLY, CRC | 0x08, 0x40, b"\x18\x50")

    assert Framer().feed(wrong) == [Rejected(Why.CHECK)]


def test_in_the_place_of_a_frame_nothing_is_said_with_its_number_and_its_check() -> None:
    (answer,) = Framer().feed(acknowledging(Frame(CARD)))
    assert isinstance(answer, bytes)
    assert Frame(answer).id == ACK
    assert answer[4] == CARD[4]


def test_a_broken_answer_is_broken() -> None:
    assert Framer().feed(broken(3)) == [Rejected(Why.CHECK)]


@given(st.integers(0, 126), st.integers(0, 7), st.binary(max_size=200))
def test_what_is_written_is_read(address: int, control: int, data: bytes) -> None:
    (found,) = Framer().feed(write(address, control, POLL, data))
    assert isinstance(found, bytes)
    assert (Frame(found).address, Frame(found).id, Frame(found).data) == (address, POLL, data)


@given(st.binary(max_size=600), st.randoms(use_true_random=False))
def test_whatever_is_heard_it_goes_on_and_keeps_no_more_than_a_frame(
    data: bytes, dice: Random
) -> None:
    framer = Framer()
    at = 0
    while at < len(data):
        step = dice.randint(1, 60)
        framer.feed(data[at : at + step])
        assert len(framer._begun) <= LONGEST
        at += step
    framer.silence()
    assert framer.feed(CARD)[-1] == CARD
