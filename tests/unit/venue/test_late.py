import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.entitlements.place import Place
from gateway.entitlements.store import Claim
from gateway.errors import StoreUnavailable
from gateway.tickets.decision import Decision
from gateway.tickets.event import EventRow
from gateway.venue import late
from gateway.venue.late import LateScan
from gateway.venue.late_journal import Journal, Line
from gateway.venue.settling import lost_grant

DOOR = Place("door", "hall", ("hall",), "exit")


def an_exit(code: str, at: int, nonce: str | None = None) -> LateScan:
    return LateScan(code, DOOR, nonce=nonce, persons=None, operator="", at=at)


class Recorder:
    """A store that is silent at first."""

    def __init__(self, silent_times: int) -> None:
        self.silent_times = silent_times
        self.recorded: list[tuple[str, Claim]] = []
        self.passed: list[str] = []
        self.known = False
        """Whether the store had heard the scans before it fell silent."""

    async def record(
        self,
        code: str,
        place: Place,
        claim: Claim,
        *,
        nonce: str | None = None,
        persons: int | None = None,
        operator: str = "",
    ) -> Decision:
        if self.silent_times:
            self.silent_times -= 1
            raise StoreUnavailable
        self.recorded.append((code, claim))
        return Decision(
            granted=True,
            event=f"1-{len(self.recorded)}-0",
            replayed=self.known,
        )

    async def grant(self, event: str) -> EventRow | None:
        return lost_grant(event, "TICKET")

    async def passage(self, row: EventRow) -> None:
        self.passed.append(row.event_id)


async def test_late_scans_are_recorded_in_their_order_once_the_store_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(late, "PAUSE_S", 0)
    store = Recorder(silent_times=2)
    queue = late.LateScans(store)
    for at, code in enumerate("abc"):
        queue.put(an_exit(code, at))

    recording = asyncio.create_task(queue.keep_recording())
    async with asyncio.timeout(5):
        while len(queue):  # noqa: ASYNC110  # the queue has no event for its end
            await asyncio.sleep(0)
    recording.cancel()
    await asyncio.wait([recording])

    assert [code for code, _ in store.recorded] == ["a", "b", "c"]
    assert store.recorded[1][1] == Claim(at=1, granted=True, degraded=True)


PLACES: late.Places = {("door", "exit"): DOOR}


@asynccontextmanager
async def at_work(queue: late.LateScans) -> AsyncIterator[None]:
    """Have a queue written and recorded for as long as the block lasts."""
    tasks = [
        asyncio.create_task(queue.keep_writing(), name="writing"),
        asyncio.create_task(queue.keep_recording(), name="recording"),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def lines_of(journal: Journal) -> list[str]:
    return [line.code for line in await asyncio.to_thread(journal.read)]


async def until_kept(journal: Journal, codes: list[str]) -> None:
    async with asyncio.timeout(5):
        while await lines_of(journal) != codes:  # noqa: ASYNC110  # a file has no event
            await asyncio.sleep(0.01)


async def test_late_scans_outlive_their_process_and_go_once_recorded(tmp_path: Path) -> None:
    worker, first = Journal(tmp_path, 2), Journal(tmp_path, 1)
    queue = late.LateScans(Recorder(silent_times=10**9), worker)
    async with at_work(queue):
        for at, code in enumerate("abc"):
            queue.put(an_exit(code, at, nonce=f"n-{code}"))
        await until_kept(worker, ["a", "b", "c"])
    store = Recorder(silent_times=0)
    heir = late.LateScans(store, first)

    await heir.restore(PLACES, adopt=True)
    assert (await lines_of(worker), await lines_of(first)) == ([], ["a", "b", "c"])
    async with at_work(heir):
        await until_kept(first, [])

    assert [code for code, _ in store.recorded] == ["a", "b", "c"]
    assert store.recorded[2][1] == Claim(at=2, granted=True, degraded=True)


async def test_a_worker_takes_up_its_own_journal_alone(tmp_path: Path) -> None:
    line = Line(code="of-the-other", reader="door", direction="exit", at=1)
    await asyncio.to_thread(Journal(tmp_path, 3).append, [line])
    queue = late.LateScans(Recorder(silent_times=0), Journal(tmp_path, 2))

    await queue.restore(PLACES, adopt=False)

    assert len(queue) == 0
    assert await lines_of(Journal(tmp_path, 3)) == ["of-the-other"]


def test_half_a_line_is_no_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 1)
    journal.append([Line(code="whole", reader="door", direction="exit", at=1)])
    with journal.path.open("ab") as file:
        file.write(b'{"code":"half a li')

    assert [line.code for line in journal.read()] == ["whole"]
    journal.append([Line(code="next", reader="door", direction="exit", at=2)])
    assert [line.code for line in journal.read()] == ["whole", "next"]


async def test_what_the_store_had_reserved_before_it_fell_silent_is_committed() -> None:
    store = Recorder(silent_times=0)
    store.known = True
    queue = late.LateScans(store)
    gate = Place("gate", "hall", ("hall",), "entry", hold_ms=20_000)

    async with at_work(queue):
        queue.put(LateScan("A", gate, "nonce", None, "", 1))
        queue.put(an_exit("B", 2))  # a door that counts at the grant
        async with asyncio.timeout(1):
            while len(store.recorded) < 2:  # noqa: ASYNC110 - the double has no event
                await asyncio.sleep(0)

    assert store.passed == ["1-1-0"]
