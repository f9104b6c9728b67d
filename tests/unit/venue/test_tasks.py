import asyncio

import pytest
from structlog.testing import capture_logs

from gateway.venue import tasks


async def test_a_work_that_fails_is_begun_again_and_all_end_with_the_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "PAUSE_S", 0)
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise RuntimeError("no")
        await asyncio.Event().wait()

    with capture_logs() as logs:
        async with tasks.kept_going(work=work), asyncio.timeout(5):
            while begun < 3:  # noqa: ASYNC110  # the work is what is tested
                await asyncio.sleep(0)

    assert begun == 3
    assert [entry["event"] for entry in logs] == ["task_failed", "task_failed"]


async def test_work_whose_cancellation_was_swallowed_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "AGAIN_S", 0.01)
    swallowed = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(5):
        async with tasks.kept_going(work=work):
            await asyncio.sleep(0)

    assert swallowed.is_set()
