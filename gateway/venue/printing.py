"""Which tickets are printed, and what their QR codes say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from gateway.central.connection import Central
from gateway.errors import ComposteurError
from gateway.printing.sheet import Printed
from gateway.tickets.codes import signed
from gateway.tickets.codes.keys import CodeKey, Kind, maker
from gateway.tickets.codes.reference import is_ours

AT_ONCE = 1000


class CannotSign(ComposteurError):
    """A code cannot be signed: there is no key, or a reference is not one of ours."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Tickets of an order, a product, a session, or a list; together they narrow."""

    order: str | None = None
    product: str | None = None
    session: str | None = None
    codes: Sequence[str] | None = None


class _Row(msgspec.Struct):
    code: str
    label: str
    persons: int
    starts: list[datetime | None]
    ends: list[datetime | None]

    @property
    def validity(self) -> tuple[int | None, int | None]:
        """All of its windows, in seconds since the epoch; ``None`` open."""
        starts = [each for each in self.starts if each is not None]
        ends = [each for each in self.ends if each is not None]
        whole = bool(starts) and len(starts) == len(self.starts)
        first = min(int(each.timestamp()) for each in starts) if whole else None
        whole = bool(ends) and len(ends) == len(self.ends)
        return first, max(int(each.timestamp()) for each in ends) if whole else None


async def to_print(
    central: Central, keys: Sequence[CodeKey], kind: Kind | None, wanted: Wanted, now: int
) -> list[Printed]:
    """Return the tickets that may be used of those wanted, by code, each with what to draw.

    Args:
        central: the central database.
        keys: of codes.
        kind: with which kind of key their codes are signed; ``None``: plain references.
        wanted: which tickets.
        now: ms since the epoch.

    Raises:
        CannotSign: there is no key of this kind in use, or a reference cannot be signed.
        DatabaseUnavailable: the database does not answer.
    """
    write = _writer(keys, kind, now)
    found: list[Printed] = []
    after = ""
    while True:
        rows = await central.fetch(
            "prints.tickets", after, wanted.order, wanted.product, wanted.session, wanted.codes,
            AT_ONCE,
        )  # fmt: skip
        for each in rows:
            row = msgspec.convert(dict(each), _Row)
            windows = tuple(zip(row.starts, row.ends, strict=True))
            found.append(Printed(write(row), row.code, row.label, windows, row.persons))
        if len(rows) < AT_ONCE:
            return found
        after = rows[-1]["code"]


def _writer(keys: Sequence[CodeKey], kind: Kind | None, now: int) -> Callable[[_Row], str]:
    if kind is None:
        return lambda row: row.code
    key = maker(keys, kind, now)
    if key is None:
        raise CannotSign(
            f"There is no {kind} key in use; make one: composteur codes key create --kind {kind}"
        )

    def write(row: _Row) -> str:
        if not is_ours(row.code):
            raise CannotSign(
                f"{row.code} cannot be signed: only 13 to 26 characters of A-Z and 2-7 can"
            )
        try:
            return signed.sign(key, signed.Claim(row.code, *row.validity))
        except ValueError as error:
            raise CannotSign(f"{row.code} cannot be signed: {error}") from error

    return write
