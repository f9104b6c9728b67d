"""What comes of a code that was read."""

from typing import Literal, NamedTuple

import msgspec

type Objection = Literal["", "b", "t"]
"""As the scan function has it: b bad signature, t stale code."""


class Fact(NamedTuple):
    """What a steward should know of a code that is refused.

    ``what``: ``unknown_key`` (the key's id), ``revoked`` or ``retired`` (when its key was),
    ``shown`` (when a rotating code was on the screen), ``used`` (when its step was used).
    Instants are ms.
    """

    what: Literal["unknown_key", "revoked", "retired", "shown", "used"]
    value: int


class Reading(msgspec.Struct, frozen=True, gc=False):
    """The reference that a code names, and how far it proves itself.

    ``reference`` is ``None`` for a malformed code. ``signed``: whoever made it had a key of ours;
    then ``starts`` and ``until`` are the validity it tells (whole seconds since the epoch, ``None``
    open), which is for judging it where no store answers: else the ticket's windows hold. ``step``
    is that of a rotating code, good once.
    """

    reference: str | None
    objection: Objection = ""
    fact: Fact | None = None
    signed: bool = False
    starts: int | None = None
    until: int | None = None
    step: int | None = None


MALFORMED = Reading(None)
