"""The books of a lane: in order, once, and as often as it takes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from gateway.entitlements.place import Place
from gateway.entitlements.store import EntitlementStore, NotPossible, UnknownEvent
from gateway.errors import DatabaseUnavailable, StoreUnavailable
from gateway.tickets.event import EventRow
from gateway.venue import settlements
from gateway.venue.settlements import (
    Annulment,
    Given,
    LatePassage,
    Passage,
    Settlements,
    Untracked,
    grant_row,
)
from gateway.venue.tasks import kept_going
from tests.unit.venue.lane_doubles import NOW, FakeStore, a_row, soon

GATE = Place("north", "hall", ("hall",), "entry", hold_ms=20_000)
GIVEN = Given("TICKET", GATE, 1)
TX = f"1-{NOW}-0"


class Stream:
    """The store's stream and the database's archive."""

    def __init__(self) -> None:
        self.entries: list[tuple[bytes, bytes]] = []
        self.archive: dict[str, EventRow] = {}
        self.away = 0

    async def read(self, after: str, count: int) -> list[tuple[bytes, bytes]]:
        places = [place for place, _ in self.entries]
        begins = next((n for n, place in enumerate(places) if place.decode() > after), len(places))
        return self.entries[begins : begins + count]

    async def event(self, event_id: str) -> EventRow | None:
        if self.away:
            self.away -= 1
            raise DatabaseUnavailable
        return self.archive.get(event_id)

    def add(self, row: EventRow) -> None:
        place = row.event_id.partition("-")[2]
        self.entries.append((place.encode(), row.line().encode()))


@asynccontextmanager
async def books(store: FakeStore, stream: Stream | None = None) -> AsyncIterator[Settlements]:
    stream = stream or Stream()

    async def prolong(event: str, code: str, until: int) -> None:
        store.acts.append(("prolong", event, until))

    made = Settlements("north", cast("EntitlementStore", store), stream, stream.read, prolong)
    async with kept_going(books=made.keep_writing):
        yield made


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settlements, "PAUSE_S", 0)


async def test_entries_are_written_in_order_although_the_store_falls_silent() -> None:
    store = FakeStore()
    store.rows[TX] = a_row(TX, "TICKET", deadline=str(NOW + 1))
    store.fails["passage"] = [StoreUnavailable(), StoreUnavailable()]
    async with books(store) as entries:
        entries.put(Passage(TX, 1, None, GIVEN))
        entries.put(Untracked(GATE, 1, "tailgating"))
        entries.put(Annulment(TX, GIVEN))

        await entries.written()

    assert [act[0] for act in store.acts] == ["passage", "count", "annul"]


@pytest.mark.parametrize("why", [NotPossible("all_passed"), UnknownEvent()])
async def test_what_cannot_be_done_any_more_holds_nobody_up(why: Exception) -> None:
    store = FakeStore()
    store.fails["annul"] = [why]
    async with books(store) as entries:
        entries.put(Annulment(TX, GIVEN))
        entries.put(Untracked(GATE, 1, "free"))

        await entries.written()

    assert [act[0] for act in store.acts] == ["count"]


async def test_a_grant_of_just_now_is_settled_without_being_looked_up() -> None:
    store = FakeStore()  # knows no event at all
    async with books(store) as entries:
        entries.put(Passage(TX, 1, None, GIVEN))
        await entries.written()

    assert store.acts == [("passage", TX, 1)]


def test_what_a_lane_knows_of_a_grant_is_an_event_like_the_stores() -> None:
    row = grant_row(TX, GIVEN)

    assert EventRow.parse(TX, row.line()) == row
    assert (row.ticket_code, row.space, row.reader, row.direction) == (
        "TICKET",
        "hall",
        "north",
        "e",
    )
    assert row.deadline == str(NOW + 20_000)


async def test_a_party_that_is_still_passing_is_given_more_time() -> None:
    store = FakeStore()
    async with books(store) as entries:
        entries.put(Passage(TX, 1, None, GIVEN, more=True))
        entries.put(Passage(TX, 2, None, GIVEN))
        await entries.written()

    assert store.acts == [
        ("passage", TX, 1),
        ("prolong", TX, NOW + 20_000),
        ("passage", TX, 2),
    ]


async def test_a_late_passage_is_one_more_than_the_books_have() -> None:
    store, stream = FakeStore(), Stream()
    store.rows[TX] = a_row(TX, "TICKET", persons="4", deadline=str(NOW + 1))
    stream.add(a_row(TX, "TICKET"))
    stream.add(a_row(f"1-{NOW}-5", "OTHER", kind="p", of=f"1-{NOW}-4", persons="7"))
    stream.add(a_row(f"1-{NOW}-6", "TICKET", kind="p", of=TX, persons="2"))
    async with books(store, stream) as entries:
        entries.put(LatePassage(TX, GATE))
        await entries.written()

    assert store.acts == [("passage", TX, 3)]


async def test_a_late_passage_at_the_instant_of_one_counted_is_that_one() -> None:
    store, stream = FakeStore(), Stream()
    store.rows[TX] = a_row(TX, "TICKET", persons="4", deadline=str(NOW + 1))
    stream.add(a_row(f"1-{NOW}-6", "TICKET", kind="p", of=TX, persons="1"))
    async with books(store, stream) as entries:
        entries.put(LatePassage(TX, GATE, at=NOW))
        await entries.written()

    assert not store.acts


async def test_a_late_passage_whose_answer_is_lost_is_not_counted_twice() -> None:
    store = FakeStore()
    store.rows[TX] = a_row(TX, "TICKET", deadline=str(NOW + 1))
    store.fails["passage"] = [StoreUnavailable()]
    async with books(store) as entries:
        entries.put(LatePassage(TX, GATE))
        await entries.written()

    assert store.acts == [("passage", TX, 1)]


async def test_a_grant_that_was_counted_itself_is_not_counted_by_its_passage() -> None:
    store = FakeStore()
    store.rows[TX] = a_row(TX, "TICKET", deadline="")
    async with books(store) as entries:
        entries.put(LatePassage(TX, GATE))
        await entries.written()

    assert not store.acts


async def test_a_late_passage_waits_for_the_database_that_may_know_its_grant() -> None:
    store, stream = FakeStore(), Stream()
    stream.away = 3
    stream.archive[TX] = a_row(TX, "TICKET", memory=",4,2,1,rs", deadline=str(NOW + 1))
    async with books(store, stream) as entries:
        entries.put(LatePassage(TX, GATE))
        await entries.written()

    assert store.acts == [("passage", TX, 3)]


async def test_a_passage_whose_grant_nobody_knows_is_a_person_all_the_same() -> None:
    store = FakeStore()
    async with books(store) as entries:
        entries.put(LatePassage(TX, GATE))
        await entries.written()

    assert store.acts == [("count", "entry", 1, "unknown_grant")]


async def test_a_person_whose_count_was_not_answered_is_counted_once() -> None:
    store = FakeStore()
    store.loses = 2
    async with books(store) as entries:
        entries.put(Untracked(GATE, 1, "free"))
        entries.put(Untracked(GATE, 1, "free"))
        await entries.written()

    assert len(store.acts) == 2


async def test_a_lane_keeps_no_more_than_hours_of_entries() -> None:
    store = FakeStore()
    entries = Settlements(
        "north", cast("EntitlementStore", store), Stream(), Stream().read, _never_called
    )

    for _ in range(settlements.KEPT + 10):
        entries.put(Untracked(GATE, 1, "free"))

    assert len(entries) == settlements.KEPT


async def test_entries_that_come_while_others_are_written_are_written_too() -> None:
    store = FakeStore()
    async with books(store) as entries:
        for number in range(50):
            entries.put(Untracked(GATE, number + 1, "free"))
            await asyncio.sleep(0)
        await soon(lambda: len(store.acts) == 50)

    assert [act[2] for act in store.acts] == list(range(1, 51))


async def _never_called(event: str, code: str, until: int) -> None:
    raise AssertionError(event)
