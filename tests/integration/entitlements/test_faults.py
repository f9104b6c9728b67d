"""The store freezes, dies, forgets; the link breaks and swallows answers: no stamp goes astray."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.entitlements import connection
from gateway.entitlements.store import EntitlementStore
from gateway.errors import StoreUnavailable
from gateway.tickets.decision import Decision
from gateway.tickets.model import Ticket
from tests.integration.entitlements.bench import PARIS, Bench, a_bench, ticket_row
from tests.integration.entitlements.faults import Link, PrivateValkey, a_valkey

PATIENCE_MS = 150
GRACE_MS = 100


@pytest.fixture
async def valkey(server_programs: None) -> AsyncIterator[PrivateValkey]:
    """Run a Valkey that this test may hurt."""
    async with a_valkey() as valkey:
        yield valkey


@pytest.fixture
async def site(valkey: PrivateValkey) -> AsyncIterator[Bench]:
    """Open a venue on it."""
    async with a_bench(valkey.url, "museum") as bench:
        await bench.a_space("hall")
        yield bench


@asynccontextmanager
async def a_gateway(url: str, **options: Any) -> AsyncIterator[EntitlementStore]:
    """Open a store with a real clock, as gateways have."""
    store = EntitlementStore(url, "museum", PARIS, wall=time.time, **options)
    try:
        assert await store.open()
        yield store
    finally:
        await store.close()


@dataclass
class Answer:
    """What a caller was told, and when."""

    code: str
    nonce: str
    decision: Decision | None
    took_ms: float


async def ask(store: EntitlementStore, bench: Bench, code: str, nonce: str) -> Answer:
    """Scan once, as a gate does."""
    began = time.perf_counter()
    decision = None
    with suppress(StoreUnavailable):
        decision = await store.scan(
            code, bench.place(f"reader-{nonce}"), nonce=nonce, patience_ms=PATIENCE_MS
        )
    return Answer(code, nonce, decision, (time.perf_counter() - began) * 1000)


async def visitors(
    store: EntitlementStore, bench: Bench, codes: list[str], for_s: float
) -> list[Answer]:
    """Scan ticket after ticket, evenly, whether answers come or not."""
    async with asyncio.TaskGroup() as all_of_them:
        tasks = []
        for number, code in enumerate(codes):
            tasks.append(
                all_of_them.create_task(
                    ask(store, bench, code, str(number)), name=f"visitor-{code}"
                )
            )
            await asyncio.sleep(for_s / len(codes))
    return [task.result() for task in tasks]


async def loop_lag_ms(work: Coroutine[Any, Any, Any]) -> tuple[Any, float]:
    """Do some work and tell by how much this busy machine was late meanwhile."""
    worst = 0.0
    task = asyncio.create_task(work, name="work")
    while not task.done():
        began = time.perf_counter()
        await asyncio.sleep(0.01)
        worst = max(worst, time.perf_counter() - began - 0.01)
    return task.result(), worst * 1000


async def until(true: Callable[[], Coroutine[Any, Any, bool]], within_s: float = 5) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(within_s):
        while not await true():  # noqa: ASYNC110 - the store tells of nothing by itself
            await asyncio.sleep(0.01)


async def tickets(bench: Bench, count: int) -> list[str]:
    """Put many tickets of one stamp."""
    await bench.a_product()
    codes = [f"TICKET{number:06}" for number in range(count)]
    rows = [ticket_row(Ticket(code, "visit"), 1) for code in codes]
    await bench.admin.put_tickets(rows)
    return codes


async def made(bench: Bench, code: str) -> int:
    """Tell how many stamps a ticket has."""
    return (await bench.state(code)).made


async def no_stamp_is_astray(bench: Bench, answers: list[Answer]) -> None:
    """Check that every ticket is stamped as its visitor was told."""
    stamped = {code async for code, stamps in bench.admin.made_by_ticket() if stamps}
    granted = {it.code for it in answers if it.decision is not None and it.decision.granted}
    assert stamped == granted


async def test_frozen_store_keeps_nobody_waiting_and_no_stamp(
    valkey: PrivateValkey, site: Bench
) -> None:
    codes = await tickets(site, 1200)
    async with a_gateway(valkey.url) as store:

        async def freeze() -> list[Answer]:
            loop = asyncio.get_running_loop()
            loop.call_later(0.6, valkey.freeze)
            loop.call_later(3.6, valkey.thaw)
            return await visitors(store, site, codes, for_s=4.2)

        answers, lag_ms = await loop_lag_ms(freeze())

        await asyncio.sleep(1.4)  # 2 s after the store goes on
        slowest = max(answer.took_ms for answer in answers)
        assert slowest <= PATIENCE_MS + GRACE_MS + lag_ms
        unanswered = [answer for answer in answers if answer.decision is None]
        assert len(unanswered) > 100
        assert len(unanswered) < len(answers) - 200
        await no_stamp_is_astray(site, answers)


async def test_answer_swallowed_and_link_cut_is_taken_back(
    valkey: PrivateValkey, site: Bench, tmp_path: Path
) -> None:
    codes = await tickets(site, 50)
    link = Link(tmp_path / "link", Path(valkey.url.removeprefix("unix://")))
    async with link.running(), a_gateway(link.url) as store:
        link.swallows = True
        answers = await asyncio.gather(*(ask(store, site, code, code) for code in codes))

        assert {answer.decision for answer in answers} == {None}
        assert [await made(site, code) for code in codes] == [1] * len(codes), "they were made"

        link.swallows = False
        link.cut()
        await until(lambda: all_unstamped(site, codes))
        first = await answered_again(store, site, codes[0])
        assert first.granted
        assert not first.replayed


async def all_unstamped(bench: Bench, codes: list[str]) -> bool:
    """Tell whether no stamp of these tickets stands."""
    return not any([await made(bench, code) for code in codes])


async def answered_again(store: EntitlementStore, bench: Bench, code: str) -> Decision:
    """Ask until the store answers."""
    found: list[Decision] = []

    async def answers() -> bool:
        decision = (await ask(store, bench, code, code)).decision
        found.extend([] if decision is None else [decision])
        return bool(found)

    await until(answers)
    return found[0]


async def test_nonce_answered_again_meanwhile_is_not_taken_back(
    valkey: PrivateValkey, site: Bench, tmp_path: Path
) -> None:
    code, other = await tickets(site, 2)
    link = Link(tmp_path / "link", Path(valkey.url.removeprefix("unix://")))
    async with (
        a_gateway(valkey.url) as second,
        link.running(),
        a_gateway(link.url) as first,
    ):
        link.swallows = True
        lost = await ask(first, site, code, code)
        gone = await ask(first, site, other, other)
        repeated = await ask(second, site, code, code)

        link.swallows = False
        link.cut()
        await until(lambda: all_unstamped(site, [other]))

        assert lost.decision is gone.decision is None
        assert repeated.decision is not None
        assert repeated.decision.granted
        assert repeated.decision.replayed
        assert await made(site, code) == 1


async def test_reservation_whose_caller_has_gone_is_annulled(
    valkey: PrivateValkey, site: Bench
) -> None:
    (code,) = await tickets(site, 1)
    async with a_gateway(valkey.url) as store:
        place = site.place("north-1", reserves=True)
        caller = asyncio.create_task(store.scan(code, place, nonce="n"), name="caller")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        caller.cancel()

        async def annulled() -> bool:
            return [row.kind for row in await site.events()] == ["s", "a"]

        await until(annulled)
        assert await made(site, code) == 0
        assert await site.reserved() == {"hall": 0}
        with pytest.raises(asyncio.CancelledError):
            await caller


async def test_killed_store_comes_back_with_every_stamp(valkey: PrivateValkey, site: Bench) -> None:
    codes = await tickets(site, 900)
    changes: list[bool] = []
    async with a_gateway(valkey.url, on_change=changes.append) as store:
        asyncio.get_running_loop().call_later(0.5, valkey.kill)
        answers = await visitors(store, site, codes, for_s=2.5)

        await asyncio.sleep(0.5)
        granted = [it for it in answers if it.decision is not None and it.decision.granted]
        assert len(granted) < len(answers), "it was away"
        assert answers[-1].decision is not None, "and is back"
        assert changes == [True, False, True]
        await no_stamp_is_astray(site, answers)
        events = {row.event_id for row in await site.events()}
        assert {it.decision.event for it in granted if it.decision} <= events


async def test_flushed_functions_are_loaded_again(valkey: PrivateValkey, site: Bench) -> None:
    (code,) = await tickets(site, 1)
    async with a_gateway(valkey.url) as store:
        await site.admin.client.function_flush("SYNC")

        first = await ask(store, site, code, code)
        second = await answered_again(store, site, code)

        assert first.decision is None
        assert second.granted


async def test_flushed_store_is_empty_and_knows_that(valkey: PrivateValkey, site: Bench) -> None:
    (code,) = await tickets(site, 1)
    told: list[str] = []
    async with a_gateway(valkey.url, on_empty=lambda: told.append("empty")) as store:
        await site.admin.client.flushall()

        answer = await ask(store, site, code, code)

        assert answer.decision is None, "never unknown_ticket"
        assert told == ["empty"]
        with pytest.raises(StoreUnavailable):
            await store.look(code)
    async with a_gateway(valkey.url, on_empty=lambda: told.append("at once")):
        assert told[-1] == "at once"


async def test_loading_store_knows_no_unknown_ticket(valkey: PrivateValkey, site: Bench) -> None:
    (code,) = await tickets(site, 1)
    await site.admin.begin(2)
    async with a_gateway(valkey.url) as store:
        assert (await answered_again(store, site, code)).granted
        with pytest.raises(StoreUnavailable):
            await store.scan("NOBODYKNOWSTHIS", site.place())
        with pytest.raises(StoreUnavailable):
            await store.look("NOBODYKNOWSTHIS")
        await site.admin.set_phase("ready")
        unknown = await store.scan("NOBODYKNOWSTHIS", site.place())

        assert unknown.reason == "unknown_ticket"
        assert await store.look("NOBODYKNOWSTHIS") is None


async def test_scan_carried_out_too_late_changes_nothing(
    valkey: PrivateValkey, site: Bench
) -> None:
    (code,) = await tickets(site, 1)
    before = await site.record(code)
    async with a_gateway(valkey.url) as store:
        store._offset_ms -= 10_000  # it was sent ten seconds ago

        answer = await ask(store, site, code, code)

        assert answer.decision is None
        assert answer.took_ms < PATIENCE_MS, "the store says so at once"
        assert await site.record(code) == before
        assert await site.events() == []


async def test_store_that_answers_nothing_is_asked_only_so_much(
    valkey: PrivateValkey, site: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MOST_IN_FLIGHT", 20)
    codes = await tickets(site, 40)
    async with a_gateway(valkey.url) as store:
        valkey.freeze()
        answers = await asyncio.gather(*(ask(store, site, code, code) for code in codes))
        valkey.thaw()

        at_once = [answer for answer in answers if answer.took_ms < PATIENCE_MS / 2]
        assert len(at_once) == 20
        await until(lambda: all_unstamped(site, codes))
        assert (await answered_again(store, site, codes[0])).granted
