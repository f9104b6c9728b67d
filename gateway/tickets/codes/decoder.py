"""The one place that turns what was read into a reference.

A code of ours without a signature is known by a single look, as before; only a text that begins as
a signed or rotating code does, or that a `[[code]]` of the site file takes, costs more.
"""

from collections.abc import Iterable
from typing import Final

from gateway.tickets.codes import rotating, signed
from gateway.tickets.codes.alike import CLAIM, Alike
from gateway.tickets.codes.foreign import Format
from gateway.tickets.codes.keys import CodeKey, Kind
from gateway.tickets.codes.reading import MALFORMED, Fact, Reading
from gateway.tickets.codes.reference import WHITE_SPACE, canonical, is_ours

CHECKED_KEPT: Final = 4096
"""Texts whose Ed25519 signature was found good are remembered: the check (70 us or more) is most of
a scan's work, and a ticket is often shown twice to one gateway (looked at, then stamped; in, then
out; its group; its answer lost). Of MACs as many claims are (`alike`), not codes."""


class Decoder:
    """Reads codes with a set of keys and the site file's formats; neither ever changes.

    Args:
        keys: all keys of the site, whatever their state.
        foreign: the formats of others, in order.
    """

    def __init__(self, keys: Iterable[CodeKey] = (), foreign: Iterable[Format] = ()) -> None:
        self.keys = tuple(sorted(keys, key=lambda key: key.id))
        self._foreign = tuple(foreign)
        self._signing = {
            key.id: (key, signed.checker(key)) for key in self.keys if key.kind is not Kind.ROTATING
        }
        self._rotating = tuple(key for key in reversed(self.keys) if key.kind is Kind.ROTATING)
        self._checked: dict[str, tuple[CodeKey, signed.Claim]] = {}
        self._alike: dict[str, Alike] = {}

    def read(self, text: str, now: int) -> Reading:
        """Read a code of at most 512 bytes at an instant (ms); never raises."""
        if is_ours(text):
            return Reading(text)
        alike = self._alike.get(text[CLAIM])
        if alike is not None and (reading := alike.read(text, now)):
            return reading
        text = text.strip(WHITE_SPACE)
        head = text[:3]
        if head == signed.PREFIX:
            return self._read_signed(text, now)
        if head == rotating.PREFIX:
            return self._read_rotating(text, now)
        for take in self._foreign:
            if (reading := take(text)) is not None:
                return reading
        reference = canonical(text)
        return MALFORMED if reference is None else Reading(reference)

    def _read_signed(self, text: str, now: int) -> Reading:
        known = self._checked.get(text)
        if known is not None:
            return _vouched(*known, now)
        parts = signed.parse(text)
        if parts is None:
            return MALFORMED
        key_id, claim, vouched, proof = parts
        signing = self._signing.get(key_id)
        if signing is None:
            return Reading(claim.reference, "b", Fact("unknown_key", key_id))
        key, check = signing
        if len(proof) != signed.PROOF_BYTES[key.kind] or not check(vouched, proof):
            return Reading(claim.reference, "b")
        if key.kind is Kind.ED25519:
            if len(self._checked) >= CHECKED_KEPT:
                self._checked.clear()
            self._checked[text] = (key, claim)
        elif key.revoked_at is None:
            if len(self._alike) >= CHECKED_KEPT:
                self._alike.clear()
            self._alike[text[CLAIM]] = Alike(key, claim, vouched[-signed.CLAIM_BYTES :])
        return _vouched(key, claim, now)

    def _read_rotating(self, text: str, now: int) -> Reading:
        parts = rotating.parse(text)
        if parts is None:
            return MALFORMED
        reference, value = parts
        ended: Fact | None = None
        shown: int | None = None
        holding = False
        for key in self._rotating:
            secret = rotating.secret_of(key, reference)
            step = rotating.find_step(secret, value, now)
            if key.holds(now):
                holding = True
                if step is not None:
                    return Reading(reference, "", None, True, None, None, step)
                if shown is None:
                    shown = rotating.find_old_step(secret, value, now)
            elif step is not None and ended is None:
                ended = _ended(key)
        if ended is not None or not holding:
            return Reading(reference, "b", ended)
        if shown is None:
            return Reading(reference, "t")
        return Reading(reference, "t", Fact("shown", shown * rotating.STEP_S * 1000))


def _vouched(key: CodeKey, claim: signed.Claim, now: int) -> Reading:
    """Tell what a claim is worth whose proof is good."""
    if not key.holds(now):
        return Reading(claim.reference, "b", _ended(key))
    reference, starts, until = claim
    return Reading(reference, "", None, True, starts, until)


def _ended(key: CodeKey) -> Fact:
    """Tell since when a key does not hold."""
    if key.revoked_at is not None:
        return Fact("revoked", key.revoked_at)
    return Fact("retired", key.retires_at or 0)
