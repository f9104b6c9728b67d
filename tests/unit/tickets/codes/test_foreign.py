"""Codes of others, as the site file names them."""

import base64
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as some

from gateway.tickets.codes.decoder import Decoder
from gateway.tickets.codes.foreign import formats_of, pretix_key
from gateway.tickets.codes.reading import Reading
from tests.unit.tickets.codes.builders import NOW, REFERENCE

PRETIX = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@dataclass(frozen=True)
class Table:
    format: str
    prefix: str = ""
    keep: bool = False
    keys: tuple[str, ...] = ()


def pem_of(key: Ed25519PrivateKey | Ed448PrivateKey) -> str:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(pem).decode()


def a_secret(payload: bytes = b"\n\tabcdefghj\x10\x07", key: Ed25519PrivateKey = PRETIX) -> str:
    """Write a ticket secret as pretix does."""
    signature = key.sign(payload)
    head = b"\x01" + len(payload).to_bytes(2) + len(signature).to_bytes(2)
    return base64.b64encode(head + payload + signature).decode()[::-1]


DECODER = Decoder(
    (),
    formats_of(
        [
            Table("address", "https://tickets.example.org/t/"),
            Table("prefix", "VDV:"),
            Table("prefix", "SKI-", keep=True),
            Table("pretix", keys=(pem_of(PRETIX),)),
        ]
    ),
)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("https://tickets.example.org/t/KRSXG5CTNVZA2", REFERENCE),
        ("HTTPS://TICKETS.EXAMPLE.ORG/T/KRSXG5CTNVZA2", REFERENCE),
        ("https://tickets.example.org/t/krsx-g5ct-nvza-2?from=mail#top", REFERENCE),
        ("https://tickets.example.org/t/Bestell%20Nr/4711", "Bestell Nr"),
        ("https://elsewhere.example.org/t/X", "https://elsewhere.example.org/t/X"),
        ("VDV:8711", "8711"),
        ("vdv:8711", "vdv:8711"),
        ("SKI-8711", "SKI-8711"),
        ("Bestell-Nr. 4711", "Bestell-Nr. 4711"),
        ("https://tickets.example.org/t/", None),
        ("VDV:", None),
        ("https://tickets.example.org/t/%00", None),
    ],
)
def test_a_code_of_others_names_a_reference(text: str, reference: str | None) -> None:
    assert DECODER.read(text, NOW) == Reading(reference)


def test_a_secret_of_pretix_is_its_own_reference_once_its_signature_is_right() -> None:
    secret = a_secret()

    assert DECODER.read(secret, NOW) == Reading(secret, signed=True)


def test_a_secret_of_pretix_that_another_signed_is_refused() -> None:
    other = a_secret(key=Ed25519PrivateKey.from_private_bytes(bytes(32)))

    assert DECODER.read(other, NOW) == Reading(other, "b")


def test_no_letter_of_a_secret_of_pretix_can_be_changed() -> None:
    secret = a_secret()

    for place, letter in enumerate(secret):
        changed = secret[:place] + ("B" if letter == "A" else "A") + secret[place + 1 :]
        assert not DECODER.read(changed, NOW).signed, place


@pytest.mark.parametrize("text", ["x", base64.b64encode(b"no key").decode(), pem_of(
    Ed448PrivateKey.generate())])  # fmt: skip
def test_what_is_no_key_of_pretix_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="key"):
        pretix_key(text)


@given(some.text(max_size=300))
def test_nothing_shown_raises(text: str) -> None:
    for take in formats_of([Table("pretix"), Table("address", "a"), Table("prefix", "b")]):
        take(text)
