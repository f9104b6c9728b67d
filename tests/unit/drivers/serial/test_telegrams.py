"""Telegrams of gates: as the manual has them, and nothing else is taken for one."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.serial.codec import Rejected, Why
from drivers.serial.profile import GateProfile, profiles
from drivers.serial.telegrams import TelegramFormat, Telegrams


def tx1500() -> TelegramFormat:
    profile = profiles()["digicon-tx1500"]
    assert isinstance(profile, GateProfile)
    return profile.frame.format


FORMATS = [
    TelegramFormat(b"\x02", "le16", "data-checksum", b"", "xor", "all", 16),
    TelegramFormat(b"\x02", "be16", "data", b"", "sum", "all", 16),
    TelegramFormat(b"\xaa\x55", "u8", "data", b"", "none", "all", 16),
    TelegramFormat(b"\x7e", "u8", "data-checksum", b"", "sum", "data", 16),
]


def test_what_the_manual_of_the_tx1500_prints_is_what_is_written_and_read() -> None:
    """Section 7.5, page 31: one passage, always free, OK."""
    wrapped = tx1500()

    assert wrapped.write(b"H") == bytes.fromhex("02 02 00 48 48")
    assert wrapped.write(b"LH") == bytes.fromhex("02 03 00 4c 48 05")
    assert Telegrams(wrapped).feed(bytes.fromhex("02 02 00 06 06")) == [b"\x06"]


@pytest.mark.parametrize("wrapped", FORMATS)
@given(
    datas=st.lists(st.binary(min_size=1, max_size=16), max_size=6),
    cuts=st.lists(st.integers(0, 150)),
)
def test_telegrams_come_out_as_they_went_in_however_the_reads_are_cut(
    wrapped: TelegramFormat, datas: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(map(wrapped.write, datas))
    telegrams = Telegrams(wrapped)
    ends = [0, *sorted({min(cut, len(stream)) for cut in cuts} | {len(stream)})]
    found = [
        each
        for begin, end in itertools.pairwise(ends)
        for each in telegrams.feed(stream[begin:end])
    ]

    assert found == datas
    assert not telegrams.unfinished


def test_a_telegram_with_an_end_instead_of_a_length_is_read() -> None:
    """STX data ETX BCC; the BCC may itself be an STX or ETX."""
    wrapped = TelegramFormat(b"\x02", "none", "data", b"\x03", "xor", "data-end", 16)
    telegrams = Telegrams(wrapped)

    assert telegrams.feed(b"??" + wrapped.write(b"OPEN") + wrapped.write(b"SHUT")[:-1]) == [
        Rejected(Why.NOISE),
        b"OPEN",
    ]
    assert telegrams.feed(wrapped.write(b"SHUT")[-1:]) == [b"SHUT"]
    for data in (b"A@", b"AB", b"A\x01"):
        assert telegrams.feed(wrapped.write(data)) == [data]
    assert telegrams.feed(b"\x02" + b"x" * 40)[0] == Rejected(Why.TOO_LONG)


@given(bit=st.integers(0, 39))
def test_one_flipped_bit_is_never_an_acknowledgement(bit: int) -> None:
    ack = bytearray(tx1500().write(b"\x06"))
    ack[bit // 8] ^= 1 << bit % 8
    telegrams = Telegrams(tx1500())

    assert b"\x06" not in telegrams.feed(bytes(ack)) + telegrams.silence()


def test_after_noise_that_looks_like_a_long_telegram_a_silence_finds_the_next_one() -> None:
    wrapped = tx1500()
    telegrams = Telegrams(wrapped)

    assert telegrams.feed(b"\x02\x08\x00" + wrapped.write(b"\x1a")[:3]) == []
    found = telegrams.feed(wrapped.write(b"\x1a")[3:]) + telegrams.silence()

    assert found[-1] == b"\x1a"
    assert Rejected(Why.UNFINISHED) in found


@pytest.mark.parametrize("wrapped", FORMATS)
@given(noise=st.lists(st.binary(max_size=60), max_size=30))
def test_no_bytes_whatever_raise_or_pile_up(wrapped: TelegramFormat, noise: list[bytes]) -> None:
    telegrams = Telegrams(wrapped)
    for data in noise:
        telegrams.feed(data)
        assert len(telegrams._buffer) <= 60 + 300
    telegrams.silence()
    assert not telegrams.unfinished
