"""What stands in a frame: label, AIM identifier, code; and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.serial.codec import Rejected, Why
from drivers.serial.codes import Code, Rules, read_code


def test_an_aim_identifier_is_taken_off_where_the_engine_says_them() -> None:
    assert read_code(b"]Q1TICKET", Rules(aim=True)) == Code("TICKET", "]Q1")


def test_a_ticket_may_begin_like_an_aim_identifier_where_the_engine_says_none() -> None:
    assert read_code(b"]Q1TICKET", Rules()) == Code("]Q1TICKET")
    assert read_code(b"]Q1]Q1TICKET", Rules(aim=True)) == Code("]Q1TICKET", "]Q1")


@pytest.mark.parametrize("frame", [b"TICKET", b"]", b"]Q", b"]11X"])
def test_a_code_without_the_identifier_that_the_engine_says_is_rejected(frame: bytes) -> None:
    assert read_code(frame, Rules(aim=True)) == Rejected(Why.NO_AIM)


def test_a_label_is_taken_off_before_the_aim_identifier() -> None:
    rules = Rules(labels=("QR", "Q"), aim=True)

    assert read_code(b"QR]Q1TICKET", rules) == Code("TICKET", "]Q1")
    assert read_code(b"Q]Q1TICKET", rules) == Code("TICKET", "]Q1")
    assert read_code(b"D]d1TICKET", rules) == Rejected(Why.NO_LABEL)


def test_gs_is_kept_wherever_it_stands() -> None:
    assert read_code(b"\x1d01ABC\x1d", Rules()) == Code("\x1d01ABC\x1d")


@pytest.mark.parametrize("odd", [*range(0x1D), 0x1E, 0x1F, 0x7F, 0x80, 0xFF])
def test_a_code_with_a_control_character_in_it_is_rejected(odd: int) -> None:
    """One that is printed into a code could play at being the end of a frame."""
    assert read_code(b"AB" + bytes([odd]) + b"C", Rules()) == Rejected(Why.CHARACTERS)


def test_other_letters_are_taken_only_where_it_says_so() -> None:
    frame = "BILLÉT".encode()

    assert read_code(frame, Rules()) == Rejected(Why.CHARACTERS)
    assert read_code(frame, Rules(characters="utf-8")) == Code("BILLÉT")
    assert read_code(b"\xff\xfe", Rules(characters="utf-8")) == Rejected(Why.CHARACTERS)
    assert read_code("A\x85".encode(), Rules(characters="utf-8")) == Rejected(Why.CHARACTERS)


def test_codes_have_a_shortest_and_a_longest_length() -> None:
    rules = Rules(shortest=3, longest=5)

    assert read_code(b"AB", rules) == Rejected(Why.TOO_SHORT)
    assert read_code(b"ABC", rules) == Code("ABC")
    assert read_code(b"ABCDEF", rules) == Rejected(Why.TOO_LONG)
    assert Rules(aim=True, labels=("QR",), longest=5).longest_frame == 10


@given(frame=st.binary(max_size=40), aim=st.booleans(), utf8=st.booleans())
def test_no_frame_whatever_raises_and_no_code_has_a_control_character(
    frame: bytes, aim: bool, utf8: bool
) -> None:
    found = read_code(frame, Rules(aim=aim, characters="utf-8" if utf8 else "ascii"))

    if isinstance(found, Code):
        assert all(char.isprintable() or char == "\x1d" or ord(char) >= 0xA0 for char in found.text)
