"""Whether each `[[code]]` can be read as it says: its prefix, its keys, what comes before it."""

import base64
import binascii
from collections.abc import Iterator

from config.draft import Draft, Table
from config.models import Code
from config.problems import Problem

OURS = ("C1:", "C2:")
"""How signed and rotating codes of ours begin."""


def problems_of(draft: Draft) -> Iterator[Problem]:
    """Find codes of others that could never be read."""
    before: list[Code] = []
    for table in draft.codes:
        code = table.model
        if code is None:
            continue
        yield from _keys(table, code)
        yield from _prefix(table, code, before)
        before.append(code)


def _prefix(table: Table[Code], code: Code, before: list[Code]) -> Iterator[Problem]:
    if code.format == "pretix":
        for key in ("prefix", "keep"):
            if key in table.written:
                yield table.problem(key, text="means nothing for pretix, whose codes have none")
        return
    if not code.prefix.strip():
        yield table.problem("prefix", text=f"is missing: what every {code.format} begins with")
        return
    if code.format == "address":
        if "://" not in code.prefix:
            text = f"found {code.prefix!r}, allowed: all of an address before the reference"
            yield table.problem("prefix", text=text)
        if code.keep:
            yield table.problem("keep", text="means nothing for an address")
    if any(ours.startswith(code.prefix) or code.prefix.startswith(ours) for ours in OURS):
        text = f"found {code.prefix!r}, with which our own codes begin: C1: and C2:"
        yield table.problem("prefix", text=text)
    hidden = next((each for each in before if _takes(each, code)), None)
    if hidden is not None:
        text = f"found {code.prefix!r}, which a [[code]] before it takes: {hidden.prefix!r}"
        yield table.problem("prefix", text=text)


def _takes(first: Code, then: Code) -> bool:
    """Tell whether one takes every code of another."""
    if first.format == "pretix" or not first.prefix:
        return False
    if first.format == "address":
        return then.prefix.lower().startswith(first.prefix.lower())
    return then.prefix.startswith(first.prefix) and then.format != "address"


def _keys(table: Table[Code], code: Code) -> Iterator[Problem]:
    if code.format != "pretix":
        if code.keys:
            yield table.problem("keys", text=f"means nothing for {code.format}")
        return
    if not code.keys:
        yield table.problem("keys", text="is missing: the public key of each pretix event")
    for position, key in enumerate(code.keys):
        if not _is_pem(key):
            text = "allowed: an Ed25519 public key in PEM, or its base64 as pretix keeps it"
            yield table.problem("keys", position, text=text)


_ED25519 = bytes.fromhex("302a300506032b6570032100")
"""How the DER of an Ed25519 public key begins (RFC 8410, 4)."""
_DER_BYTES = len(_ED25519) + 32


def _is_pem(text: str) -> bool:
    """Tell whether a text is an Ed25519 public key as pretix keeps it."""
    try:
        pem = text if text.startswith("-----") else base64.b64decode(text, validate=True).decode()
        lines = [line for line in pem.strip().splitlines() if not line.startswith("-----")]
        der = base64.b64decode("".join(lines), validate=True)
    except (binascii.Error, ValueError):
        return False
    head, end = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"
    if not pem.startswith(head) or not pem.rstrip().endswith(end):
        return False
    return der.startswith(_ED25519) and len(der) == _DER_BYTES
