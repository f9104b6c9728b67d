"""A year of a museum, and what it adds up to: counted here by hand, with no SQL of ours.

What happens is drawn once, as `Fact`s, from which the lines of the store, the rows of the seller
and the expected figures are made each on their own.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.integration.central.doubles import NOW, a_refusal, an_event

ZONE = ZoneInfo("Europe/Paris")
NOW_AT = datetime.fromtimestamp(NOW / 1000, UTC)
FIRST_DAY = date(2025, 10, 20)
"""Both clock changes of a year, and more, lie between this day and `NOW`."""
DAYS = (NOW_AT.astimezone(ZONE).date() - FIRST_DAY).days + 1
READERS = {"north-1": "hall", "south-1": "hall", "vault-1": "vault"}
PRODUCTS = {"adult": "Adult", "school": "School", "late": "Late night"}
OPERATORS = ("", "anna", "ben")
REASONS = ("unknown_ticket", "too_early", "no_stamps_left")
LATE_SHARE = 0.1
"""Of the events are told after everything else."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened at a gate."""

    kind: str
    """s scan, u undo, c count, d refused scan."""
    at: datetime
    reader: str
    product: str = ""
    audience: str = ""
    """individual, group, or nobody."""
    operator: str = ""
    direction: str = "entry"
    persons: int = 0
    stamps: int = 0
    reason: str = ""
    session: str = ""
    code: str = ""
    undoer: str = ""

    @property
    def space(self) -> str:
        return READERS[self.reader]

    @property
    def day(self) -> date:
        return self.at.astimezone(ZONE).date()

    @property
    def hour(self) -> datetime:
        local = self.at.astimezone(ZONE)
        return self.at - timedelta(minutes=local.minute, seconds=local.second)

    def line(self, undone: str = "") -> bytes:
        """Write it as the store does; ``undone``: the event that it takes back."""
        columns: dict[str, object] = {
            "at": round(self.at.timestamp() * 1000),
            "reader": self.reader,
            "space": self.space,
            "product": self.product,
            "direction": self.direction[0] if self.direction == "entry" else "x",
            "audience": {"group": "g", "individual": "", "": "n"}[self.audience],
            "operator": self.operator or self.undoer,
            "session": self.session,
            "ticket_code": self.code,
        }
        if self.kind == "d":
            return a_refusal(**columns | {"reason": self.reason})
        columns |= {"counted_persons": self.persons, "counted_stamps": self.stamps}
        if self.kind == "c" or self.direction == "exit":
            nothing = dict.fromkeys(("made", "day", "made_on_day", "inside", "inside_persons"))
            times = dict.fromkeys(("first_at", "last_at", "moved_at"))
            readers = dict.fromkeys(("first_reader", "last_reader"))
            columns |= nothing | times | readers
            return an_event(**columns, kind=self.kind, persons=abs(self.persons))
        made = 1 if self.stamps > 0 else 0
        admitted = self.persons if made else 0
        return an_event(
            **columns,
            kind=self.kind,
            persons=abs(self.persons),
            made=made,
            persons_by_window=f"{{{admitted}}}",
            of=undone,
        )


@dataclass(frozen=True, slots=True)
class Slot:
    """A session."""

    id: str
    product: str
    starts_at: datetime
    places: int
    space: str


@dataclass(frozen=True, slots=True)
class Sold:
    """A ticket, and how many of its persons came."""

    code: str
    product: str
    slot: Slot | None
    audience: str
    persons: int
    status: str
    attention: bool
    source: str
    ordered_at: datetime
    valid_until: datetime | None = None
    come: int = 0

    @property
    def expected(self) -> bool:
        return self.status not in {"cancelled", "replaced"}


@dataclass(slots=True)
class Year:
    """Everything that happened."""

    slots: list[Slot] = field(default_factory=list)
    sold: list[Sold] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    late: list[Fact] = field(default_factory=list)

    @property
    def everything(self) -> Iterator[Fact]:
        yield from self.facts
        yield from self.late

    def lines(self) -> tuple[list[bytes], list[bytes]]:
        """Write what happened, and what is told late, as the store does."""
        stamps = {
            fact.code: f"0-{NOW}-{place}"
            for place, fact in enumerate(self.everything, 1)
            if fact.kind == "s" and fact.direction == "entry"
        }
        lines = [
            fact.line(stamps[fact.code] if fact.kind == "u" else "") for fact in self.everything
        ]
        return lines[: len(self.facts)], lines[len(self.facts) :]

    def between(self, starts: datetime, ends: datetime) -> list[Fact]:
        return [fact for fact in self.everything if starts <= fact.at < ends]


def a_year(seed: int = 20261121, sessions_a_day: int = 1) -> Year:
    """Draw a year."""
    rng = random.Random(seed)
    year = Year()
    for number in range(DAYS):
        day = FIRST_DAY + timedelta(days=number)
        for place in range(sessions_a_day):
            _session(rng, year, day, f"{day:%y%m%d}-{place}")
        _undated(rng, year, day)
        _without_a_ticket(rng, year, day)
    return year


def _moment(rng: random.Random, day: date) -> datetime:
    """Draw an instant of a local day; nights too, when clocks change."""
    start = datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
    following = day + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=ZONE).astimezone(UTC)
    moment = start + timedelta(seconds=rng.randrange(round((end - start).total_seconds())))
    return min(moment, NOW_AT - timedelta(seconds=1))


def _session(rng: random.Random, year: Year, day: date, name: str) -> None:
    product = rng.choice(list(PRODUCTS))
    starts_at, places = _moment(rng, day), rng.randrange(5, 30)
    slot = Slot(name, product, starts_at, places, rng.choice(["hall", "vault"]))
    year.slots.append(slot)
    for number in range(rng.randrange(1, 4)):
        group = rng.random() < 0.3
        sold = Sold(
            code=f"{name}-{number}",
            product=product,
            slot=slot,
            audience="group" if group else "individual",
            persons=rng.randrange(2, 30) if group else rng.randrange(1, 3),
            status=rng.choices(["active", "unpaid", "cancelled"], [8, 1, 1])[0],
            attention=rng.random() < 0.1,
            source=rng.choice(["own", "own", "pretix"]),
            ordered_at=slot.starts_at - timedelta(days=rng.randrange(1, 20)),
        )
        year.sold.append(_arrive(rng, year, sold, day))


def _arrive(rng: random.Random, year: Year, sold: Sold, day: date) -> Sold:
    if not sold.expected or rng.random() < 0.2:
        return sold
    come = sold.persons if rng.random() < 0.8 else rng.randrange(1, sold.persons + 1)
    fact = Fact(
        kind="s",
        at=_moment(rng, day),
        reader=rng.choice(list(READERS)),
        product=sold.product,
        audience=sold.audience,
        operator=rng.choice(OPERATORS),
        persons=come,
        stamps=1,
        session=sold.slot.id if sold.slot else "",
        code=sold.code,
    )
    _tell(rng, year, fact)
    if rng.random() < 0.4:
        _tell(rng, year, replace(fact, kind="s", direction="exit", stamps=0))
    elif rng.random() < 0.2:
        undone = replace(fact, kind="u", persons=-come, stamps=-1, operator="", undoer="carla")
        year.late.append(undone)  # at the stamp's own time, told much later
        return sold
    return replace(sold, come=come)


def _tell(rng: random.Random, year: Year, fact: Fact) -> None:
    (year.late if rng.random() < LATE_SHARE else year.facts).append(fact)


def _undated(rng: random.Random, year: Year, day: date) -> None:
    if day.day % 5:
        return
    until = _moment(rng, day)
    sold = Sold(
        code=f"undated/{day:%y%m%d}",
        product="adult",
        slot=None,
        audience="individual",
        persons=1,
        status="active",
        attention=False,
        source=rng.choice(["own", "lists"]),
        ordered_at=until - timedelta(days=30),
        valid_until=until,
    )
    year.sold.append(_arrive(rng, year, sold, day))


def _without_a_ticket(rng: random.Random, year: Year, day: date) -> None:
    for _ in range(rng.randrange(3)):
        refusal = Fact(
            kind="d",
            at=_moment(rng, day),
            reader=rng.choice(list(READERS)),
            product=rng.choice(["", "adult"]),
            audience="individual",
            reason=rng.choice(REASONS),
        )
        _tell(rng, year, refusal)
    if rng.random() < 0.2:
        counted = Fact("c", _moment(rng, day), "north-1", persons=rng.randrange(1, 40))
        _tell(rng, year, counted)


# --- what it adds up to --------------------------------------------------------------------------

type Figures = dict[tuple[Any, ...], tuple[int, ...]]


def attendance(facts: Iterable[Fact], key: Callable[[Fact], tuple[Any, ...]]) -> Figures:
    """Persons in, persons out and stamps by a key; without those that are 0 of all."""
    found: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
    for fact in facts:
        if fact.kind != "d":
            figures = found[key(fact)]
            figures[0 if fact.direction == "entry" else 1] += fact.persons
            figures[2] += fact.stamps
    return {key: tuple(figures) for key, figures in found.items()}


def refusals(facts: Iterable[Fact]) -> Counter[tuple[Any, ...]]:
    """Refusals by hour, reader and reason."""
    return Counter((fact.hour, fact.reader, fact.reason) for fact in facts if fact.kind == "d")


def slot_figures(year: Year, slot: Slot) -> dict[str, int]:
    """What the lists of sessions say of one."""
    here = [sold for sold in year.sold if sold.slot == slot and sold.expected]
    expected = sum(sold.persons for sold in here)
    come = sum(sold.come for sold in here)
    return {
        "tickets": len(here),
        "expected": expected,
        "come": come,
        "missing": expected - come,
        "unpaid": sum(sold.persons for sold in here if sold.status == "unpaid"),
        "attention": sum(sold.persons for sold in here if sold.attention),
    }
