"""What is known of a claim that was proven changes how fast a code is read, and nothing else."""

from hypothesis import given
from hypothesis import strategies as some

from gateway.tickets.codes.decoder import Decoder
from gateway.tickets.codes.signed import EPOCH_S, Claim, sign
from tests.unit.tickets.codes.builders import DAY_MS, KEYS, LONGEST, MAC, NOW, REFERENCE, a_key

MINUTE_S = 60
UNTIL = NOW // 1000
KNOWING = Decoder(KEYS)
KNOWING.read(sign(MAC, Claim(LONGEST, None, UNTIL)), NOW)

references = some.from_regex(r"[A-Z2-7]{13,26}", fullmatch=True)
untils = some.integers(-300, 300).map(lambda minutes: UNTIL + minutes * MINUTE_S)


@given(references, untils)
def test_code_is_read_the_same_as_by_who_has_seen_none(reference: str, until: int) -> None:
    code = sign(MAC, Claim(reference, None, until))

    assert KNOWING.read(code, NOW) == Decoder(KEYS).read(code, NOW)


@given(references, some.data())
def test_changed_code_of_a_proven_claim_is_not_believed(
    reference: str, data: some.DataObject
) -> None:
    code = sign(MAC, Claim(reference, None, UNTIL))
    place = data.draw(some.integers(3, len(code) - 1))
    letter = data.draw(some.sampled_from("ABC123 é").filter(lambda each: each != code[place]))

    reading = KNOWING.read(code[:place] + letter + code[place + 1 :], NOW)

    assert not reading.signed


def test_proven_claim_ends_with_its_key() -> None:
    key = a_key(number=9, retires_at=NOW + DAY_MS)
    decoder = Decoder([key])
    codes = [sign(key, Claim(each, EPOCH_S + MINUTE_S, None)) for each in (LONGEST, REFERENCE)]

    assert decoder.read(codes[0], NOW).signed
    assert decoder.read(codes[1], NOW).signed
    assert decoder.read(codes[1], NOW + DAY_MS).objection == "b"
