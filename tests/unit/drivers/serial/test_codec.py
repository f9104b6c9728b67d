"""Frames of scan engines: whole however they are cut, and nothing else is taken for one."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.serial import codec, codes, telegrams
from drivers.serial.codec import Answer, Check, Framer, Framing, Rejected, Why
from drivers.serial.simulator import enclosed

GM65 = Answer(bytes.fromhex("020000"), length_at=3, more=2)
GM65_ACK = bytes.fromhex("02000001003331")
NEWLAND = Answer(bytes.fromhex("020130303030"), ends=b"\x3b\x03")
ACK = Answer(b"\x06")

ENDS: dict[Framing, bytes] = {
    "line": b"\r\n",
    "cr": b"\r",
    "lf": b"\n",
    "crlf": b"\r\n",
    "tab": b"\t",
}
FRAMINGS: list[Framing] = [*ENDS]
CHECKS: list[Check] = ["none", "xor", "xor-etx", "xor-stx-etx"]
texts = st.lists(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1), max_size=6
)


def fed(framer: Framer, data: bytes, cuts: list[int]) -> list[bytes | Rejected]:
    """Feed data in pieces that end at these places."""
    found: list[bytes | Rejected] = []
    begin = 0
    for end in sorted({min(cut, len(data)) for cut in cuts} | {len(data)}):
        found += framer.feed(data[begin:end])
        begin = end
    return found


@pytest.mark.parametrize("module", [codec, codes, telegrams])
def test_the_examples_in_the_documentation_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("framing", FRAMINGS)
@given(texts=texts, cuts=st.lists(st.integers(0, 200)))
def test_codes_come_out_as_they_went_in_however_the_reads_are_cut(
    framing: Framing, texts: list[str], cuts: list[int]
) -> None:
    data = b"".join(text.encode() + ENDS[framing] for text in texts)

    assert fed(Framer(framing), data, cuts) == [text.encode() for text in texts]


@pytest.mark.parametrize("check", CHECKS)
@given(texts=texts, cuts=st.lists(st.integers(0, 200)))
def test_codes_between_stx_and_etx_come_out_as_they_went_in(
    check: Check, texts: list[str], cuts: list[int]
) -> None:
    data = b"".join(enclosed(text.encode(), check) for text in texts)
    framer = Framer("stx-etx", check=check)

    assert fed(framer, data, cuts) == [text.encode() for text in texts]


def test_crlf_is_one_end_also_when_a_read_falls_between_them() -> None:
    framer = Framer("crlf")

    assert [framer.feed(part) for part in (b"AB\r", b"\nCD\r", b"\n")] == [[], [b"AB"], [b"CD"]]


def test_a_cr_within_a_code_is_not_its_end_where_both_are() -> None:
    assert Framer("crlf").feed(b"A\rB\r\n") == [b"A\rB"]


def test_a_gs_is_data_also_at_the_end_of_a_code() -> None:
    assert Framer("line").feed(b"\x1d01A\x1d\r\n") == [b"\x1d01A\x1d"]


def test_without_a_suffix_a_silence_ends_a_code() -> None:
    framer = Framer("gap")

    assert framer.feed(b"AB") == []
    assert framer.feed(b"CD") == []
    assert framer.unfinished
    assert framer.silence() == [b"ABCD"]
    assert not framer.unfinished


def test_with_a_suffix_a_silence_spoils_a_code() -> None:
    framer = Framer("cr")

    assert framer.feed(b"half") == []
    assert framer.silence() == [Rejected(Why.UNFINISHED)]
    assert framer.feed(b"WHOLE\r") == [b"WHOLE"]


def test_what_a_lost_line_had_begun_does_not_stand_before_the_next_code() -> None:
    framer = Framer("cr")
    framer.feed(b"half")
    framer.forget()

    assert framer.feed(b"WHOLE\r") == [b"WHOLE"]


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("piece", [1, 3, 10_000])
def test_the_rest_of_a_code_that_is_too_long_is_no_code(framing: Framing, piece: int) -> None:
    framer = Framer(framing, longest=10)
    data = b"x" * 5000 + ENDS[framing] + b"OK" + ENDS[framing]

    assert fed(framer, data, list(range(0, len(data), piece))) == [Rejected(Why.TOO_LONG), b"OK"]


def test_the_rest_of_a_code_without_suffix_that_is_too_long_is_no_code() -> None:
    framer = Framer("gap", longest=10)

    assert framer.feed(b"x" * 11) == [Rejected(Why.TOO_LONG)]
    assert framer.feed(b"tail") == []
    assert framer.silence() == []
    framer.feed(b"OK")
    assert framer.silence() == [b"OK"]


def test_the_rest_of_an_enclosed_code_that_is_too_long_is_no_code() -> None:
    framer = Framer("stx-etx", longest=10)

    assert framer.feed(b"\x02" + b"x" * 20) == [Rejected(Why.TOO_LONG)]
    assert framer.feed(b"tail\x03" + enclosed(b"OK", "none")) == [b"OK"]


@pytest.mark.parametrize("check", CHECKS[1:])
@given(at=st.integers(0, 3), bit=st.integers(0, 7))
def test_a_flipped_bit_in_a_checked_code_rejects_it(check: Check, at: int, bit: int) -> None:
    data = bytearray(enclosed(b"ABCD", check))
    data[1 + at] ^= 1 << bit
    framer = Framer("stx-etx", check=check)

    assert b"ABCD" not in framer.feed(bytes(data) + enclosed(b"NEXT", check))


def test_a_lost_check_byte_costs_one_code_and_not_two() -> None:
    framer = Framer("stx-etx", check="xor")
    whole = enclosed(b"ABC", "xor")

    assert framer.feed(whole[:-1] + whole) == [Rejected(Why.CHECK), b"ABC"]


def test_a_lost_etx_costs_one_code_and_not_two() -> None:
    framer = Framer("stx-etx")

    assert framer.feed(b"\x02ABC" + enclosed(b"DEF", "none")) == [
        Rejected(Why.UNFINISHED),
        b"DEF",
    ]


def test_noise_before_stx_is_told_once() -> None:
    framer = Framer("stx-etx")

    assert framer.feed(b"no") == [Rejected(Why.NOISE)]
    assert framer.feed(b"ise") == []
    assert framer.feed(enclosed(b"OK", "none")) == [b"OK"]


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("piece", [1, 2, 100])
def test_the_answer_of_an_engine_is_no_code(framing: Framing, piece: int) -> None:
    framer = Framer(framing, answers=[GM65, NEWLAND, ACK])
    newland = bytes.fromhex("020130303030") + b"SCNMOD2\x06\x3b\x03"
    data = GM65_ACK + b"ONE" + ENDS[framing] + newland + b"\x06\x06" + b"TWO" + ENDS[framing]

    assert fed(framer, data, list(range(0, len(data), piece))) == [b"ONE", b"TWO"]


def test_the_answer_of_an_engine_without_suffix_is_no_code() -> None:
    framer = Framer("gap", answers=[GM65])
    framer.feed(GM65_ACK[:3])
    framer.feed(GM65_ACK[3:])

    assert framer.silence() == []
    framer.feed(GM65_ACK + b"CODE")
    assert framer.silence() == [b"CODE"]


def test_without_knowing_the_answers_they_spoil_the_next_code() -> None:
    """What the remedy is for."""
    (frame,) = Framer("cr").feed(GM65_ACK + b"ONE\r")

    assert frame != b"ONE"


def test_what_claims_to_be_a_very_long_answer_is_none() -> None:
    framer = Framer("cr", answers=[GM65])

    assert framer.feed(b"\x02\x00\x00\xffx\rCODE\r")[-1] == b"CODE"


@given(
    framing=st.sampled_from([*FRAMINGS, "stx-etx", "gap"]),
    check=st.sampled_from(CHECKS),
    noise=st.lists(st.binary(max_size=80), max_size=30),
)
def test_no_bytes_whatever_raise_or_pile_up(
    framing: Framing, check: Check, noise: list[bytes]
) -> None:
    framer = Framer(framing, check=check, longest=64, answers=[GM65, NEWLAND, ACK])
    for data in noise:
        for frame in framer.feed(data):
            assert isinstance(frame, Rejected) or 0 <= len(frame) <= 64
        assert len(framer._buffer) <= 64 + 80
    framer.silence()
    assert not framer.unfinished
