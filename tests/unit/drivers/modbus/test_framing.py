"""Frames: only the answer to what was asked is taken; whatever else comes is counted."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU

from drivers.modbus import codec
from drivers.modbus.codec import Question
from drivers.modbus.framing import RtuFramer, TcpFramer, Telegram

QUESTIONS = [
    codec.read_bits(1, "discrete", 0, 8),
    codec.read_bits(1, "coil", 0, 16),
    codec.read_words(7, "holding", 0, 4),
    codec.write_coil(1, 3, codec.ON),
    codec.write_word(1, 3, 0x0006),
    codec.write_words(1, 3, (4, 7)),
]


def answer_to(question: Question, fill: int = 0) -> bytes:
    """Return unit, function and data of a right answer."""
    data = question.echo or bytes((question.length - 1, *[fill] * (question.length - 1)))
    return bytes((question.unit, question.function)) + data


def checked(body: bytes) -> bytes:
    return body + FramerRTU.compute_CRC(body).to_bytes(2)


def numbered(body: bytes, number: int) -> bytes:
    return number.to_bytes(2) + b"\0\0" + len(body).to_bytes(2) + body


def fed(framer: RtuFramer, pieces: list[bytes]) -> list[Telegram]:
    """Hand over bytes as pymodbus does: what is not done with comes again with the next."""
    found, rest = [], b""
    for piece in pieces:
        rest += piece
        while rest:
            done, telegram = framer.handleFrame(rest, 0, 0)
            rest = rest[done:]
            if telegram is None:
                break
            assert isinstance(telegram, Telegram)
            found.append(telegram)
    return found


@given(st.sampled_from(QUESTIONS), st.binary(max_size=12), st.integers(1, 8), st.data())
def test_an_answer_is_found_behind_noise_and_in_pieces(
    question: Question, noise: bytes, size: int, data: st.DataObject
) -> None:
    framer = RtuFramer()
    framer.ask(question)
    sent = noise + checked(answer_to(question, data.draw(st.integers(0, 255))))
    found = fed(framer, [sent[at : at + size] for at in range(0, len(sent), size)])
    assert len(found) == 1
    assert not noise or sum(framer.counts.values()) >= 1


@given(st.sampled_from(QUESTIONS), st.sampled_from(QUESTIONS))
def test_the_late_answer_of_another_question_is_never_taken(
    asked: Question, before: Question
) -> None:
    framer = RtuFramer()
    framer.ask(before)
    framer.ask(asked)
    late = answer_to(before)
    found = fed(framer, [checked(late)])
    fits = (asked.unit, asked.function) == tuple(late[:2]) and not asked.wrong(late[2:])
    assert len(found) == fits
    assert framer.counts["late"] == (not fits)


def test_the_late_echo_of_another_write_acknowledges_nothing() -> None:
    framer = RtuFramer()
    framer.ask(codec.write_coil(1, 3, codec.ON))
    assert not fed(framer, [checked(answer_to(codec.write_coil(1, 4, codec.ON)))])
    assert not fed(framer, [checked(answer_to(codec.write_coil(1, 3, codec.OFF)))])
    assert len(fed(framer, [checked(answer_to(codec.write_coil(1, 3, codec.ON)))])) == 1


@pytest.mark.parametrize("at", range(6))
def test_one_wrong_bit_anywhere_is_no_answer(at: int) -> None:
    framer = RtuFramer()
    framer.ask(QUESTIONS[0])
    frame = bytearray(checked(answer_to(QUESTIONS[0])))
    frame[at] ^= 0x10
    assert not fed(framer, [bytes(frame), b"\xff" * 8])
    assert framer.counts["rejected"] >= 1


@given(st.sampled_from(QUESTIONS), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_on_tcp_only_the_number_that_was_sent_is_taken(
    question: Question, number: int, expected: int
) -> None:
    framer = TcpFramer()
    framer.ask(question)
    frame = numbered(answer_to(question), number)
    done, found = framer.handleFrame(frame, 0, expected)
    assert done == len(frame)
    assert (found is not None) == (number == expected)
    assert framer.counts["late"] == (number != expected)


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_no_bytes_whatever_raise_or_stay_for_ever(pieces: list[bytes]) -> None:
    for framer in (RtuFramer(), TcpFramer()):
        framer.ask(QUESTIONS[0])
        rest = b""
        for piece in pieces:
            rest += piece
            done, _ = framer.handleFrame(rest, 0, 1)
            assert 0 <= done <= len(rest)
            rest = rest[done:]
        assert len(rest) < 300


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_million_fuzzed_frames_open_nothing_and_are_each_counted() -> None:
    _fuzz(1_000_000)


def test_fuzzed_frames_open_nothing_and_are_each_counted() -> None:
    _fuzz(3_000)


def _fuzz(number: int) -> None:
    """Damage right answers: none is taken, each is counted."""
    dice = random.Random(1)  # damage, no secret
    for _ in range(number):
        question = dice.choice(QUESTIONS)
        rtu, tcp = RtuFramer(), TcpFramer()
        rtu.ask(question)
        tcp.ask(question)
        body = bytearray(answer_to(question, dice.randrange(256)))
        frame = bytearray(checked(bytes(body)))
        frame[dice.randrange(len(frame))] ^= 1 << dice.randrange(8)
        _, found = rtu.handleFrame(bytes(frame) + b"\0" * 40, 0, 0)
        assert found is None
        assert sum(rtu.counts.values()) >= 1
        body[dice.randrange(2)] ^= 1 << dice.randrange(7)  # unit or function
        _, found = tcp.handleFrame(numbered(bytes(body), 5), 0, 5)
        assert found is None
        assert sum(tcp.counts.values()) == 1


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "number", [pytest.param(1_000_000, marks=pytest.mark.soak, id="a million"), 1_000]
)
def test_a_raving_line_acknowledges_no_write_and_what_it_says_is_counted(number: int) -> None:
    """Bytes of any kind, and answers with several wrong ones.

    A check sum of 16 bits cannot tell one in 65,536 damaged readings from a right one; a write is
    answered by its own echo, and nothing else will do.
    """
    dice, framer = random.Random(2), RtuFramer()
    believed = 0
    for _ in range(number):
        question = dice.choice(QUESTIONS)
        right = checked(answer_to(question, dice.randrange(256)))
        said = bytearray(right)
        if dice.random() < 0.5:
            said[:] = dice.randbytes(dice.randrange(1, 40))
        else:
            for _ in range(dice.randrange(2, 5)):
                said[dice.randrange(len(said))] = dice.randrange(256)
        framer.ask(question)
        before = sum(framer.counts.values())
        found = fed(framer, [bytes(said), bytes(40)])
        if bytes(said[: len(right)]) == right:  # by chance nothing was wrong with it
            continue
        assert not (found and question.echo), (question, bytes(said).hex())
        believed += len(found)
        assert found or sum(framer.counts.values()) > before
    assert believed <= 3 + number // 10_000
