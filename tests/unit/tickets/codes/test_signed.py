"""Signed codes: what they say comes back, and nothing else is believed."""

from random import Random

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as some

from gateway.tickets.codes import rotating, signed
from gateway.tickets.codes.base45 import ALPHABET, decode, encode
from gateway.tickets.codes.keys import CodeKey
from gateway.tickets.codes.reading import Fact, Reading
from gateway.tickets.codes.signed import EPOCH_S, Claim, sign
from tests.unit.tickets.codes.builders import (
    DAY_MS,
    ED25519,
    KEYS,
    LONGEST,
    MAC,
    NOW,
    REFERENCE,
    ROTATING,
    a_decoder,
    a_key,
)

references = some.from_regex(r"[A-Z2-7]{13,26}", fullmatch=True)
minutes = some.none() | some.integers(1, 0xFFFFFE).map(lambda minute: EPOCH_S + minute * 60)


@given(some.binary(max_size=200))
def test_base45_comes_back(data: bytes) -> None:
    text = encode(data)

    assert decode(text) == data
    assert set(text) <= set(ALPHABET)


@given(some.text(max_size=60) | some.text(ALPHABET, max_size=60))
def test_base45_reads_only_what_it_writes(text: str) -> None:
    data = decode(text)

    assert data is None or encode(data) == text


@given(references, minutes, minutes, some.sampled_from([MAC, ED25519]))
def test_what_was_signed_is_read(
    reference: str, starts: int | None, until: int | None, key: CodeKey
) -> None:
    if starts is not None and until is not None and starts > until:
        starts, until = until, starts

    reading = a_decoder().read(sign(key, Claim(reference, starts, until)), NOW)

    ends = None if until is None else until + 59
    assert reading == Reading(reference, "", None, True, starts, ends)


@pytest.mark.parametrize(
    ("key", "reference", "most", "version"),
    [(MAC, REFERENCE, 64, 3), (MAC, LONGEST, 64, 3), (ED25519, REFERENCE, 140, 6),
     (ED25519, LONGEST, 140, 6)],
)  # fmt: skip
def test_a_signed_code_is_small_and_alphanumeric(
    key: CodeKey, reference: str, most: int, version: int
) -> None:
    text = sign(key, Claim(reference))
    symbol = segno.make(text, error="m", boost_error=False, micro=False)

    assert len(text) <= most
    assert (symbol.version, symbol.mode) == (version, "alphanumeric")


@pytest.mark.parametrize("key", [MAC, ED25519])
def test_no_signed_code_ends_with_a_blank_that_readers_cut_off(key: CodeKey) -> None:
    assert all(
        not sign(key, Claim(REFERENCE, until=EPOCH_S + minute * 60)).endswith(" ")
        for minute in range(100)
    )


def test_a_mac_is_written_in_capitals_only() -> None:
    """One code has one text, so that what was seen of it can be told by its text."""
    decoder, text = a_decoder(), sign(MAC, Claim(LONGEST))
    small = text[:-18] + text[-18:].lower()
    assert small != text

    assert decoder.read(text, NOW).signed
    assert decoder.read(small, NOW) == Reading(None)


@pytest.mark.parametrize("key", [MAC, ED25519])
def test_every_bit_flipped_once_is_never_accepted(key: CodeKey) -> None:
    decoder, text = a_decoder(), sign(key, Claim(LONGEST, EPOCH_S + 60, EPOCH_S + 6000))
    assert decoder.read(text, NOW).signed

    flipped = [
        text[:place] + chr(ord(text[place]) ^ 1 << bit) + text[place + 1 :]
        for place in range(len(text))
        for bit in range(7)
    ]

    assert [each for each in flipped if decoder.read(each, NOW).signed] == []


@pytest.mark.parametrize("key", [MAC, ED25519])
def test_every_bit_of_the_bytes_flipped_once_is_never_accepted(key: CodeKey) -> None:
    decoder, text = a_decoder(), sign(key, Claim(LONGEST, EPOCH_S + 60, EPOCH_S + 6000))
    head, tail = text[: 3 + len(LONGEST)], text[3 + len(LONGEST) :]
    in_base45 = 14 if key is MAC else len(tail)
    claim, proof = decode(tail[:in_base45]), bytes.fromhex(tail[in_base45:])
    assert claim is not None

    for bit in range(8 * len(claim + proof)):
        flipped = bytearray(claim + proof)
        flipped[bit // 8] ^= 1 << bit % 8
        said, proven = bytes(flipped[: len(claim)]), bytes(flipped[len(claim) :])
        reading = decoder.read(head + encode(said) + proven.hex().upper(), NOW)
        assert reading.reference is None or reading.objection == "b", bit


def test_a_code_cut_short_drawn_out_or_of_another_case_is_malformed_or_nobodys() -> None:
    decoder, text = a_decoder(), sign(MAC, Claim(LONGEST))

    for wrong in (text[:-1], text + "0", text[:-3], text + text, text.lower(), "C1:", "C1:" * 60):
        assert not decoder.read(wrong, NOW).signed
    assert decoder.read(text[:-1], NOW) == Reading(None)
    assert decoder.read(text + "0", NOW) == Reading(None)


def test_blanks_around_a_code_are_the_readers() -> None:
    assert a_decoder().read(f" {sign(MAC, Claim(LONGEST))}\r\n", NOW).signed


def test_a_mac_is_no_signature_whatever_the_key_s_id_says() -> None:
    """The key says how it is checked, never the code."""
    text = sign(MAC, Claim(REFERENCE))
    decoder = a_decoder(a_key(ED25519.kind, MAC.id))

    assert decoder.read(text, NOW) == Reading(REFERENCE, "b")


def test_a_key_unknown_revoked_or_retired_is_told() -> None:
    text = sign(MAC, Claim(REFERENCE))
    revoked = a_key(revoked_at=NOW - 1)
    retiring = a_key(retires_at=NOW)

    assert a_decoder(ED25519).read(text, NOW) == Reading(REFERENCE, "b", Fact("unknown_key", 1))
    assert a_decoder(revoked).read(text, NOW) == Reading(REFERENCE, "b", Fact("revoked", NOW - 1))
    assert a_decoder(retiring).read(text, NOW - 1).signed
    assert a_decoder(retiring).read(text, NOW) == Reading(REFERENCE, "b", Fact("retired", NOW))


def test_a_signature_checked_before_is_refused_once_its_key_has_retired() -> None:
    decoder = a_decoder(a_key(ED25519.kind, 2, retires_at=NOW + DAY_MS))
    text = sign(ED25519, Claim(REFERENCE))

    assert decoder.read(text, NOW).signed
    assert decoder.read(text, NOW).signed
    assert not decoder.read(text, NOW + DAY_MS).signed


def test_several_keys_hold_at_once() -> None:
    keys = [a_key(MAC.kind, number) for number in (1, 2, 300, 65_535)]
    decoder = a_decoder(*keys)

    assert all(decoder.read(sign(key, Claim(REFERENCE)), NOW).signed for key in keys)


@pytest.mark.parametrize(
    "claim",
    [
        Claim("Bestell-4711"),
        Claim("KRSXG5CTNVZA"),
        Claim(REFERENCE, starts=EPOCH_S - 1),
        Claim(REFERENCE, until=EPOCH_S + 60 * (signed.OPEN_END + 1)),
        Claim(REFERENCE, EPOCH_S + 6000, EPOCH_S + 60),
    ],
)
def test_what_cannot_be_signed_is_refused(claim: Claim) -> None:
    with pytest.raises(ValueError, match=r"reference|validity"):
        sign(MAC, claim)


def test_a_rotating_key_signs_nothing() -> None:
    with pytest.raises(ValueError, match="signs nothing"):
        sign(ROTATING, Claim(REFERENCE))


@given(some.text(max_size=200) | some.text("C12:." + ALPHABET, max_size=150).map("C1:".__add__))
def test_nothing_read_raises_or_proves_itself(text: str) -> None:
    assert not a_decoder(*KEYS).read(text, NOW).signed


def mutated(dice: Random, code: str) -> str:
    """A code with some characters changed, left out, doubled or moved."""
    letters = list(code)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(letters))
        match dice.randrange(4):
            case 0:
                letters[place] = dice.choice(ALPHABET)
            case 1:
                letters[place] = chr(dice.randrange(0x250))
            case 2:
                del letters[place]
            case _:
                letters.insert(place, dice.choice(letters))
        if not letters:
            break
    return "".join(letters)


@pytest.mark.parametrize(
    "times", [pytest.param(1_000_000, marks=pytest.mark.soak, id="a million"), 20_000]
)
def test_no_mutation_of_a_code_is_accepted(times: int) -> None:
    dice, decoder = Random(1), a_decoder(*KEYS)
    codes = [sign(MAC, Claim(LONGEST)), sign(ED25519, Claim(REFERENCE))]
    codes.append(rotating.code_at(ROTATING, LONGEST, NOW))

    for _ in range(times):
        code = dice.choice(codes)
        text = mutated(dice, code)
        reading = decoder.read(text, NOW)
        assert not reading.signed or text.strip() == code, text
