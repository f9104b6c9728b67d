"""Alarms: told until they are over and acknowledged, over restarts."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from gateway.http.schemas import AlarmAnswer
from gateway.venue import alarms as module
from tests.integration.http.conftest import House
from tests.integration.http.test_contract import ask
from tests.integration.operations.processes import Process, SetStore, a_process, until
from tests.unit.http.calls import problem


@pytest.fixture
async def pair(redis_url: str) -> AsyncIterator[tuple[Process, Process]]:
    async with a_process(redis_url, first=True) as one, a_process(redis_url) as other:
        yield one, other


def ids(process: Process, *, past: bool = False) -> list[str]:
    return [each["id"] for each in process.operations.alarms.documents(past=past)]


async def test_alarm_goes_when_it_is_over_and_acknowledged_in_either_order(
    pair: tuple[Process, Process],
) -> None:
    one, other = pair
    forced, held = "forced.gate.entry", "held_open.safe"
    one.operations.alarms.raise_("forced", equipment="gate", direction="entry", text="bang")
    one.operations.alarms.raise_("held_open", equipment="safe")
    await until(lambda: set(ids(other)) == {forced, held})

    one.operations.alarms.clear("forced", equipment="gate", direction="entry")
    await until(lambda: not other.operations.alarms.document(forced)["active"])
    assert forced in ids(other), "nobody has seen it yet"
    acked = other.operations.alarms.ack(forced, "op")
    assert (acked["acked_by"], acked["active"]) == ("op", False)
    assert ids(other) == [held]

    other.operations.alarms.ack(held, "op")
    assert ids(other) == [held], "its cause goes on"
    await until(lambda: one.operations.alarms.document(held)["acked_by"] == "op")
    one.operations.alarms.clear("held_open", equipment="safe")
    assert ids(one) == []
    await until(lambda: ids(other) == [])
    assert set(ids(other, past=True)) == {forced, held}


async def test_alarm_is_counted_and_told_anew_after_its_end(pair: tuple[Process, Process]) -> None:
    one, _ = pair
    alarms = one.operations.alarms
    for _ in range(3):
        alarms.raise_("tailgating", equipment="gate", direction="entry", text="two for one")
    (told,) = alarms.documents()
    assert (told["count"], told["active"]) == (3, False)

    alarms.ack("tailgating.gate.entry", "op")
    assert ids(one) == []
    alarms.raise_("tailgating", equipment="gate", direction="entry")

    (told,) = alarms.documents()
    assert (told["count"], told["acked_by"]) == (1, None)
    assert len(ids(one, past=True)) == 2, "the earlier one is history"


async def test_alarm_outlives_its_gateway_until_its_cause_is_known_to_be_over(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TAKEN_UP_S", 1.0)
    async with a_process(redis_url, first=True) as one:
        one.operations.alarms.raise_("link_down", equipment="gate")
        one.operations.alarms.raise_("fault", equipment="safe")
        one.operations.alarms.ack("link_down.gate", "op")
        await one.operations.alarms.settled()

    async with a_process(redis_url, first=True) as later:
        alarms = later.operations.alarms
        await until(lambda: len(ids(later)) == 2)
        alarms.raise_("link_down", equipment="gate")
        assert alarms.document("link_down.gate")["count"] == 1
        assert alarms.document("link_down.gate")["acked_by"] == "op"
        await until(lambda: not alarms.document("fault.safe")["active"])
        assert alarms.document("link_down.gate")["active"]


async def test_history_is_forgotten_after_a_day(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TAKEN_UP_S", 0.01)
    monkeypatch.setattr(module, "TIDIED_EVERY_S", 0.05)
    async with a_process(redis_url, first=True) as one:
        alarms = one.operations.alarms
        alarms.raise_("wrong_way", equipment="gate")
        alarms.ack("wrong_way.gate", "op")
        assert ids(one, past=True) == ["wrong_way.gate"]
        assert isinstance(one.store, SetStore)
        one.store.at = one.store.now() + module.HISTORY_MS + 1000

        await until(lambda: ids(one, past=True) == [])
        await alarms.settled()
        assert await one.admin.client.hlen("{museum}alarms") == 1, "only the mark is left"


async def test_alarms_over_http(house: House) -> None:
    alarms = house.services.operations.alarms
    alarms.raise_("forced", equipment="gate", direction="entry")

    status, answer = await ask(house, "POST", "/v1/alarms/forced.gate.entry/ack", "operator", {})

    assert status == 200
    msgspec.convert(answer, AlarmAnswer)
    assert (answer["acked_by"], answer["active"]) == ("operator", True)
    again = await ask(house, "POST", "/v1/alarms/forced.gate.entry/ack", "admin")
    assert again[1]["acked_by"] == "operator"
    assert problem(await ask(house, "POST", "/v1/alarms/nothing/ack"), 404, "unknown_alarm")
    assert problem(
        await ask(house, "POST", "/v1/alarms/forced.gate.entry%2Fack/ack"), 404, "unknown_alarm"
    )
    assert problem(await ask(house, "GET", "/v1/alarms?all=maybe"), 422, "invalid", "all")
    assert problem(await ask(house, "GET", "/v1/alarms", "viewer"), 403, "forbidden")
