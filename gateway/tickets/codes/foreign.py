"""Codes of others: how each is turned into the reference that its ticket has here.

The site file's `[[code]]` tables choose among the formats below, in its order; a code that none of
them takes is a reference as it is. A format never raises for what it is shown.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gateway.tickets.codes.reading import MALFORMED, Reading
from gateway.tickets.codes.reference import canonical


class Table(Protocol):
    """A `[[code]]` of the site file."""

    @property
    def format(self) -> str:
        """The format's name."""

    @property
    def prefix(self) -> str:
        """How its codes begin."""

    @property
    def keep(self) -> bool:
        """Whether the prefix belongs to the reference."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Public keys."""


type Format = Callable[[str], Reading | None]
"""Reads a code, white space cut off; ``None``: it is of another format."""


@dataclass(frozen=True, slots=True)
class Address:
    """A reference at the end of an address: ``https://tickets.example.org/t/REFERENCE?from=mail``.

    Case makes no difference up to the reference: QR codes are smaller in capitals.
    """

    prefix: str

    def __call__(self, text: str) -> Reading | None:
        """Read the address."""
        if text[: len(self.prefix)].lower() != self.prefix:
            return None
        rest = text[len(self.prefix) :]
        for end in "?#/":
            rest = rest.partition(end)[0]
        return _named(unquote(rest))


@dataclass(frozen=True, slots=True)
class Prefixed:
    """A pass of somebody else, known by how it begins."""

    prefix: str
    keep: bool

    def __call__(self, text: str) -> Reading | None:
        """Read the pass."""
        if not text.startswith(self.prefix):
            return None
        return _named(text if self.keep else text[len(self.prefix) :])


@dataclass(frozen=True, slots=True)
class Pretix:
    """A secret signed by pretix (its scheme ``pretix_sig1``): it is the reference itself.

    Base64, written backwards, of a version byte (1), the lengths of payload and signature (two
    bytes each, big-endian), both of them; Ed25519 over the payload.
    """

    keys: tuple[Ed25519PublicKey, ...]

    def __call__(self, text: str) -> Reading | None:
        """Check the secret."""
        parts = _pretix_parts(text)
        if parts is None:
            return None
        payload, signature = parts
        if any(_signed_by(key, signature, payload) for key in self.keys):
            return Reading(text, signed=True)
        return Reading(text, "b")


_PRETIX_HEAD: Final = 5
_PRETIX_SHORTEST: Final = 92
"""Characters of base64 for the head and a signature."""


def _pretix_parts(text: str) -> tuple[bytes, bytes] | None:
    """Return payload and signature, where a code has exactly the scheme's form."""
    if len(text) < _PRETIX_SHORTEST or not text.isascii():
        return None
    try:
        data = base64.b64decode(text[::-1], validate=True)
    except (binascii.Error, ValueError):
        return None
    payload_ends = _PRETIX_HEAD + int.from_bytes(data[1:3])
    signature = data[payload_ends:]
    if data[0] != 1 or len(signature) != int.from_bytes(data[3:5]):
        return None
    if base64.b64encode(data).decode()[::-1] != text:
        return None  # another way of writing the same bytes: nobody's secret
    return data[_PRETIX_HEAD:payload_ends], signature


def _signed_by(key: Ed25519PublicKey, signature: bytes, payload: bytes) -> bool:
    try:
        key.verify(signature, payload)
    except InvalidSignature:
        return False
    return True


def pretix_key(text: str) -> Ed25519PublicKey:
    """Read a public key as pretix keeps it: base64 of a PEM text, or the PEM text itself.

    Raises:
        ValueError: it is no Ed25519 public key.
    """
    try:
        pem = text.encode() if text.startswith("-----") else base64.b64decode(text, validate=True)
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as unreadable:
        raise ValueError("not a public key in PEM, or its base64") from unreadable
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 key")  # noqa: TRY004  # a value of the site file
    return key


def _named(text: str) -> Reading:
    reference = canonical(text)
    return MALFORMED if reference is None else Reading(reference)


FORMATS: Final[Mapping[str, Callable[[Table], Format]]] = {
    "address": lambda table: Address(table.prefix.lower()),
    "prefix": lambda table: Prefixed(table.prefix, table.keep),
    "pretix": lambda table: Pretix(tuple(map(pretix_key, table.keys))),
}
"""What a `[[code]]` may name as its `format`; a new one is a line here and in config."""


def formats_of(tables: Iterable[Table]) -> tuple[Format, ...]:
    """Return the formats that a site file asks for, in its order."""
    return tuple(FORMATS[table.format](table) for table in tables)
