import asyncio
from dataclasses import dataclass

import pytest

from gateway.entitlements.place import Place
from gateway.entitlements.store import Claim
from gateway.errors import StoreUnavailable
from gateway.venue import late

DOOR = Place("door", "hall", ("hall",), "exit")


@dataclass(frozen=True)
class Exit:
    code: str
    at: int
    place: Place = DOOR
    nonce: str | None = None
    persons: int | None = None
    operator: str = ""


class Recorder:
    """A store that is silent at first."""

    def __init__(self, silent_times: int) -> None:
        self.silent_times = silent_times
        self.recorded: list[tuple[str, Claim]] = []

    async def record(
        self,
        code: str,
        place: Place,
        claim: Claim,
        *,
        nonce: str | None = None,
        persons: int | None = None,
        operator: str = "",
    ) -> None:
        if self.silent_times:
            self.silent_times -= 1
            raise StoreUnavailable
        self.recorded.append((code, claim))


async def test_late_scans_are_recorded_in_their_order_once_the_store_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(late, "PAUSE_S", 0)
    store = Recorder(silent_times=2)
    queue = late.LateScans(store)
    for at, code in enumerate("abc"):
        queue.put(Exit(code, at))

    recording = asyncio.create_task(queue.keep_recording())
    async with asyncio.timeout(5):
        while len(queue):  # noqa: ASYNC110  # the queue has no event for its end
            await asyncio.sleep(0)
    recording.cancel()
    await asyncio.wait([recording])

    assert [code for code, _ in store.recorded] == ["a", "b", "c"]
    assert store.recorded[1][1] == Claim(at=1, granted=True, degraded=True)
