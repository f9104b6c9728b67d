"""Messages between processes, and what they keep together, on a real store."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from gateway.venue.bus import Message
from gateway.venue.shared import Shared
from gateway.venue.tasks import kept_going
from tests.integration.entitlements.faults import a_valkey
from tests.integration.operations.processes import Device, Process, a_process, until


@pytest.fixture
async def pair(redis_url: str) -> AsyncIterator[tuple[Process, Process]]:
    async with a_process(redis_url, first=True) as one, a_process(redis_url) as other:
        yield one, other


def ear(process: Process, kind: str = "news") -> list[Message]:
    heard: list[Message] = []
    process.operations.bus.listen(kind, heard.append)
    return heard


async def test_message_is_heard_once_by_every_process_and_at_once_by_its_own(
    pair: tuple[Process, Process],
) -> None:
    one, other = pair
    here, there = ear(one), ear(other)

    one.operations.bus.publish({"do": "news", "n": 1})
    assert [message["n"] for message in here] == [1]
    await until(lambda: bool(there))
    await asyncio.sleep(0.1)

    assert [message["n"] for message in here] == [1]
    assert [message["n"] for message in there] == [1]


async def test_late_and_repeated_messages_are_dropped(pair: tuple[Process, Process]) -> None:
    one, other = pair
    heard = ear(other)
    now = one.store.now()
    texts = [
        {"do": "news", "id": "late", "not_after": now - 1},
        {"do": "news", "id": "twice", "not_after": now + 2000},
        {"do": "news", "id": "twice", "not_after": now + 2000},
        {"do": "news", "id": "last", "not_after": now + 2000},
    ]

    for text in [b"not json", b"[]", b"{}", *map(orjson.dumps, texts)]:
        await one.admin.client.publish(one.operations.bus.channel, text)
    await until(lambda: any(message["id"] == "last" for message in heard))

    assert [message["id"] for message in heard] == ["twice", "last"]


async def test_question_is_answered_by_another_process_or_not_at_all(
    pair: tuple[Process, Process],
) -> None:
    one, other = pair
    other.operations.bus.listen(
        "sum", lambda message: other.operations.bus.answer(message, sum=message["a"] + 1)
    )

    answer = await one.operations.bus.ask({"do": "sum", "a": 1})
    nobody = await one.operations.bus.ask({"do": "nothing"}, timeout_s=0.1)

    assert answer is not None
    assert answer["sum"] == 2
    assert nobody is None


async def test_a_handler_that_fails_stops_nobody(pair: tuple[Process, Process]) -> None:
    one, _ = pair

    def fail(_message: Message) -> None:
        raise ValueError

    one.operations.bus.listen("news", fail)
    heard = ear(one)

    one.operations.bus.publish({"do": "news"})

    assert len(heard) == 1


async def test_bus_comes_back_with_the_store_and_our_own_wires_never_lose_it() -> None:
    async with (
        a_valkey() as valkey,
        a_process(valkey.url) as one,
        a_process(valkey.url) as other,
    ):
        gate = Device()
        one.operations.panel.attach("gate", gate.obey)
        valkey.freeze()
        await one.operations.panel.command("gate", "open", "entry", "op")
        assert [order.act for order in gate.orders] == ["open"]

        valkey.kill()
        valkey.thaw()
        await until(lambda: not one.operations.bus.up)
        await one.operations.panel.command("gate", "lock", None, "op")
        assert one.flags("gate") == "o"
        await until(lambda: one.operations.bus.up and other.operations.bus.up, within_s=20)

        await until(lambda: other.operations.modes.mode("gate", "entry") == "locked")
        await until(lambda: "o" in other.flags("gate"))
        await asyncio.sleep(0.3)
        assert len(gate.orders) == 2, "what was told while it was away is not told again"


async def test_process_that_starts_later_knows_what_was_set(redis_url: str) -> None:
    async with a_process(redis_url) as one:
        one.operations.modes.set("door", "entry", "locked")
        one.operations.modes.set("door", "exit", "free")
        assert await one.operations.modes.settled()
        stored = await one.admin.client.hgetall("{museum}modes")
        assert stored[b"door/entry"] == b"locked"

    async with a_process(redis_url) as later:
        assert (later.flags("door"), later.flags("door", "exit")) == ("o", "f")
        later.operations.modes.set("door", "entry", "normal")
        assert later.flags("door") == ""
        await later.operations.modes.settled()
        assert await later.admin.client.hget("{museum}modes", "door/entry") is None


async def test_store_that_has_lost_the_modes_gets_them_back(redis_url: str) -> None:
    async with a_process(redis_url) as one, a_process(redis_url) as other:
        one.operations.modes.set("door", "entry", "locked")
        await until(lambda: other.flags("door") == "o")
        await one.admin.client.delete("{museum}modes")

        await asyncio.sleep(3.5)

        assert (one.flags("door"), other.flags("door")) == ("o", "o")
        assert await one.admin.client.hget("{museum}modes", "door/entry") == b"locked"


async def test_what_another_removed_unheard_goes_at_the_next_reading(redis_url: str) -> None:
    async with a_process(redis_url) as one:
        one.operations.modes.set("door", "entry", "locked")
        await one.operations.modes.settled()
        await one.admin.client.hdel("{museum}modes", "door/entry")

        await until(lambda: one.flags("door") == "", within_s=6)


async def test_many_changes_of_one_thing_are_written_at_most_so_often(redis_url: str) -> None:
    async with a_process(redis_url) as one, a_process(redis_url) as other:
        heard: list[object] = []
        shared = Shared(one.operations.bus, "counted", pause_s=0.2)
        copy = Shared(other.operations.bus, "counted")
        copy.on_change(lambda _field, value: heard.append(value))
        async with kept_going(shared=shared.run, copy=copy.run):
            await shared.loaded.wait()
            for number in range(200):
                shared.put("n", number)
                await asyncio.sleep(0.002)
            await until(lambda: copy.entries.get("n") == 199)

        assert len(heard) < 10
