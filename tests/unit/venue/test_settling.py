from collections.abc import Sequence
from typing import override

import pytest

from gateway.entitlements.store import NotPossible
from gateway.errors import DatabaseUnavailable, StoreUnavailable
from gateway.tickets.event import EventRow
from gateway.venue.settling import settle_overdue


def a_grant(event: str) -> EventRow:
    return EventRow.parse(event, "1\ts" + "\t" * 35)


class Store:
    """Reservations by deadline, some of whose grants are gone or have passed."""

    def __init__(
        self, deadlines: dict[str, int], gone: Sequence[str] = (), passed: Sequence[str] = ()
    ) -> None:
        self.deadlines = deadlines
        self.gone = gone
        self.passed = passed
        self.archive: dict[str, EventRow] = {}
        self.annulled: list[str] = []

    async def overdue(self, now: int, count: int = 100) -> list[tuple[str, str]]:
        return [(event, "code") for event, at in self.deadlines.items() if at <= now][:count]

    async def grant(self, event: str) -> EventRow | None:
        return None if event in self.gone else a_grant(event)

    async def event(self, event_id: str) -> EventRow | None:
        return self.archive.get(event_id)

    async def annul(self, row: EventRow) -> None:
        if row.event_id in self.passed:
            raise NotPossible
        self.annulled.append(row.event_id)


async def test_only_what_is_overdue_is_given_back() -> None:
    store = Store({"1-1-0": 10, "1-2-0": 20})

    assert await settle_overdue(store, store, store, 15) == 1
    assert store.annulled == ["1-1-0"]


async def test_what_was_settled_meanwhile_or_has_gone_stops_nobody() -> None:
    store = Store({"1-1-0": 1, "1-2-0": 2, "1-3-0": 3}, gone=["1-1-0"], passed=["1-2-0"])

    assert await settle_overdue(store, store, store, 15) == 3
    assert store.annulled == ["1-1-0", "1-3-0"]


async def test_a_grant_of_the_store_before_is_read_from_the_database() -> None:
    store = Store({"1-1-0": 1}, gone=["1-1-0"])
    store.archive["1-1-0"] = a_grant("1-1-0")

    assert await settle_overdue(store, store, store, 15) == 1
    assert store.annulled == ["1-1-0"]


async def test_while_the_database_is_away_what_only_it_knows_waits() -> None:
    class Away(Store):
        @override
        async def event(self, event_id: str) -> EventRow | None:
            raise DatabaseUnavailable

    store = Away({"1-1-0": 1, "1-2-0": 2}, gone=["1-1-0"])

    assert await settle_overdue(store, store, store, 15) == 1
    assert store.annulled == ["1-2-0"]


async def test_a_silent_store_is_the_callers_business() -> None:
    class Silent(Store):
        @override
        async def overdue(self, now: int, count: int = 100) -> list[tuple[str, str]]:
            raise StoreUnavailable

    silent = Silent({})
    with pytest.raises(StoreUnavailable):
        await settle_overdue(silent, silent, silent, 15)
