"""The audit's chain: what must hold of its links, and what is told where it does not.

Pure: `gateway.venue.audit` reads the links from the central database, whose functions make them
(schema/0006). A link's hash is sha256(hash before it ‖ place, 8 bytes ‖ seal), its seal
sha256(salt ‖ words). Two kinds of gap are lawful, each told by an act of its own further on: acts
past their retention (``audit_closed``) and acts whose words were redacted (``audit_redacted``).
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

CLOSED: Final = "audit_closed"
REDACTED: Final = "audit_redacted"


@dataclass(frozen=True, slots=True)
class Link:
    """One act in its place; ``salt`` is ``None`` where its words were redacted."""

    seq: int
    id: str
    what: str
    words: str
    salt: bytes | None
    seal: bytes
    hash: bytes
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Anchor:
    """An end of the chain that was written down elsewhere."""

    seq: int
    hash: str

    def text(self) -> str:
        """Write it.

        >>> Anchor(3, "ab").text()
        '3:ab'
        """
        return f"{self.seq}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        """Read it.

        Raises:
            ValueError: it is none.
        """
        seq, _, digest = text.strip().partition(":")
        bytes.fromhex(digest)
        return cls(int(seq), digest)


@dataclass(slots=True)
class Chain:
    """Takes links in their order and remembers what is wrong with them."""

    wrong: list[str] = field(default_factory=list)
    seq: int = 0
    hash: bytes = b""
    acts: int = 0
    redacted: int = 0
    _first: Link | None = None
    _untold: set[int] = field(default_factory=set)
    _closings: list[tuple[int, str]] = field(default_factory=list)
    _hashes: dict[int, str] = field(default_factory=dict)
    _anchors: list[Anchor] = field(default_factory=list)

    def expect(self, anchors: Iterable[Anchor]) -> None:
        """Name ends of the chain that were written down: they must lie in it."""
        self._anchors += anchors

    def take(self, link: Link) -> None:
        """Look at the next link."""
        if self._first is None:
            self._first = link
            if link.seq == 1:
                self._check_hash(link, b"")
        else:
            if link.seq != self.seq + 1:
                self.wrong.append(f"acts {self.seq + 1} to {link.seq - 1} are missing")
            self._check_hash(link, self.hash)
        self._check_words(link)
        if link.what == CLOSED:
            self._closings.append((int(link.details["until"]), str(link.details["hash"])))
        elif link.what == REDACTED:
            self._untold -= {int(seq) for seq in link.details["acts"]}
        self.seq, self.hash = link.seq, link.hash
        self.acts += 1
        if any(link.seq == anchor.seq for anchor in self._anchors):
            self._hashes[link.seq] = link.hash.hex()

    def _check_hash(self, link: Link, before: bytes) -> None:
        if _linked(before, link) != link.hash:
            self.wrong.append(f"act {link.seq} ({link.id}) does not follow from the one before it")

    def _check_words(self, link: Link) -> None:
        if link.salt is None:
            self.redacted += 1
            self._untold.add(link.seq)
        elif hashlib.sha256(link.salt + link.words.encode()).digest() != link.seal:
            self.wrong.append(f"act {link.seq} ({link.id}) was changed")

    def verdict(self, head: Anchor | None) -> Iterator[str]:
        """Say all that is wrong, once every link was taken; ``head`` is the end the table tells."""
        yield from self.wrong
        first = self._first
        if first is not None and first.seq > 1:
            told = dict(self._closings).get(first.seq - 1)
            if told is None:
                yield f"acts 1 to {first.seq - 1} are missing, and no act tells why"
            elif _linked(bytes.fromhex(told), first) != first.hash:
                yield f"act {first.seq} ({first.id}) does not follow from those that are gone"
        for seq in sorted(self._untold):
            yield f"act {seq} was redacted, and no act tells by whom"
        if head is not None and (head.seq, head.hash) != (self.seq, self.hash.hex()):
            yield f"the chain ends at act {self.seq}, and should at act {head.seq}"
        for anchor in self._anchors:
            if anchor.seq > self.seq:
                yield f"acts {self.seq + 1} to {anchor.seq} are missing at the end"
            elif anchor.seq in self._hashes and self._hashes[anchor.seq] != anchor.hash:
                yield f"act {anchor.seq} is not the one that was written down"


def _linked(before: bytes, link: Link) -> bytes:
    return hashlib.sha256(before + link.seq.to_bytes(8) + link.seal).digest()
