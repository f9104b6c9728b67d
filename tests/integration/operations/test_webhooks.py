"""Webhooks: each event told in order and signed, over every absence, to each receiver alone."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from config import Webhook
from gateway.central.connection import Central
from gateway.central.streamer import Streamer
from gateway.venue.answers import Answers
from gateway.venue.tasks import kept_going
from gateway.venue.times import Times
from gateway.venue.webhooks import Webhooks, sending
from tests.integration.central.doubles import NOW, Stream, a_refusal, an_event
from tests.integration.operations.processes import Process, a_process
from tests.integration.operations.processes import until as until_within
from tests.integration.operations.receivers import Receiver, a_receiver

until = partial(until_within, within_s=20)
ALL = ("granted", "denied", "passed", "annulled", "undone", "destroyed", "space_full", "alarm")


@pytest.fixture
async def central(database_url: str) -> AsyncIterator[Central]:
    async with Central(database_url) as opened:
        await opened.execute("sites.register", "museum")
        yield opened


@pytest.fixture
async def one(redis_url: str) -> AsyncIterator[Process]:
    async with a_process(redis_url) as one:
        yield one


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Receiver]:
    async with a_receiver() as receiver:
        receiver.write_secret(tmp_path / "secret")
        yield receiver


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOOK_S", "PAUSE_S", "FIRST_PAUSE_S"):
        monkeypatch.setattr(sending, name, 0.01)
    monkeypatch.setattr(sending, "LONGEST_PAUSE_S", 0.05)


@pytest.fixture
def hook(receiver: Receiver, tmp_path: Path) -> Webhook:
    return a_webhook(receiver.url, tmp_path / "secret")


def a_webhook(url: str, secret: Path, **more: Any) -> Webhook:
    written = {"id": "till", "url": url, "secret_file": secret, "events": ALL}
    return Webhook.model_validate(written | more)


def webhooks_of(central: Central, one: Process, hooks: Sequence[Webhook]) -> Webhooks:
    answers = Answers(Times(ZoneInfo("Europe/Paris")), "museum")
    alarms = one.operations.alarms
    return Webhooks(
        central, "museum", lambda: hooks, alarms=alarms, answers=answers, clock=one.store.now
    )


@asynccontextmanager
async def sending_of(webhooks: Webhooks) -> AsyncIterator[None]:
    async with kept_going(send=webhooks.send, tell=webhooks.tell_alarms):
        yield


def a_streamer(central: Central, webhooks: Webhooks, stream: Stream) -> Streamer:
    async def never() -> None:
        raise AssertionError

    return Streamer(
        central,
        stream,
        "museum",
        clock=lambda: NOW,
        timezone="Europe/Paris",
        store_went_back=never,
        calls=webhooks.wanted,
    )


async def streamed(central: Central, webhooks: Webhooks, *lines: bytes) -> None:
    """Have the streamer take events into the database."""
    stream = Stream()
    site = await central.fetchrow("sites.read", "museum")
    if site is not None and site["position"] != "0-0":
        stream.entries = [(site["position"].encode(), b"")]
    last = stream.write(*lines)
    streamer = a_streamer(central, webhooks, stream)
    async with kept_going(streamer=streamer.run):
        await until(lambda: streamer.position == last)


def grants(*codes: str) -> list[bytes]:
    return [an_event(ticket_code=code) for code in codes]


async def waiting(central: Central) -> dict[str, tuple[int, int]]:
    found = await central.calls_waiting("museum")
    return {each.webhook: (each.waiting, each.set_aside) for each in found}


async def stands(central: Central, **expected: tuple[int, int]) -> None:
    """Wait until so many calls wait and are set aside, by webhook."""
    async with asyncio.timeout(20):
        while await waiting(central) != expected:  # noqa: ASYNC110 - the database is asked
            await asyncio.sleep(0.01)


async def test_everything_is_told_in_order_as_the_history_has_it(
    central: Central, one: Process, receiver: Receiver, hook: Webhook
) -> None:
    webhooks = webhooks_of(central, one, [hook])
    nothing = {"made": None, "decision": None, "counted_persons": 0, "counted_stamps": 0}
    await streamed(
        central,
        webhooks,
        an_event(ticket_code="A", operator="desk"),
        a_refusal(ticket_code="B"),
        an_event(ticket_code="C", kind="p", of="0-1-1", **nothing),
        an_event(ticket_code="D", kind="a", of="0-1-1", **nothing),
        an_event(ticket_code="A", kind="u", of="0-1-1", **nothing),
        an_event(ticket_code="E", kind="d", **nothing),
        an_event(ticket_code=None, kind="c", **nothing),
    )
    async with sending_of(webhooks):
        await stands(central)

    assert receiver.told == [
        ("granted", "A"),
        ("denied", "B"),
        ("passed", "C"),
        ("annulled", "D"),
        ("undone", "A"),
        ("destroyed", "E"),
    ]
    rows = await central.history("A")
    assert receiver.events[0]["id"] == rows[0]["event_id"]
    assert receiver.events[0]["at"] == "2026-11-21T11:00:00.000+01:00"
    assert receiver.events[0]["data"].keys() == rows[0].keys()
    assert receiver.events[1]["data"]["reason"] == "unknown_ticket"


async def test_a_webhook_is_told_of_what_it_asks_for_alone(
    central: Central, one: Process, receiver: Receiver, hook: Webhook
) -> None:
    webhooks = webhooks_of(central, one, [hook.model_copy(update={"events": ("denied",)})])
    await streamed(central, webhooks, *grants("A"), a_refusal(ticket_code="B"))
    async with sending_of(webhooks):
        await until(lambda: len(receiver.events) == 1)

    assert receiver.told == [("denied", "B")]


async def test_without_webhooks_no_call_is_made(central: Central, one: Process) -> None:
    webhooks = webhooks_of(central, one, [])
    await streamed(central, webhooks, *grants("A"))

    assert await waiting(central) == {}


async def test_receiver_that_was_away_is_told_everything_in_order_and_once(
    central: Central, one: Process, receiver: Receiver, hook: Webhook
) -> None:
    receiver.statuses = [500, 503, 429, 301, 404]
    webhooks = webhooks_of(central, one, [hook.model_copy(update={"at_once": 2})])
    await streamed(central, webhooks, *grants("A", "B", "C", "D", "E"))
    async with sending_of(webhooks):
        await until(lambda: bool(one.operations.alarms.documents()))
        assert one.operations.alarms.documents()[0]["id"] == "webhook.till"
        assert one.operations.alarms.documents()[0]["text"].startswith("HTTP ")
        await until(lambda: len([each for each in receiver.told if each[0] == "granted"]) == 5)
        await until(lambda: not one.operations.alarms.documents()[0]["active"])

    assert [code for type_, code in receiver.told if type_ == "granted"] == list("ABCDE")
    assert len(set(receiver.ids[:6])) == 1, "what is tried again keeps its id"


async def test_operators_are_told_after_three_attempts_in_a_row(
    central: Central, one: Process, receiver: Receiver, hook: Webhook
) -> None:
    receiver.statuses = [500, 500, 204, 500, 500, 204]
    webhooks = webhooks_of(central, one, [hook.model_copy(update={"at_once": 1})])
    await streamed(central, webhooks, *grants("A", "B"))
    async with sending_of(webhooks):
        await stands(central)

    assert receiver.told == [("granted", "A"), ("granted", "B")]
    assert one.operations.alarms.documents() == []


async def test_what_a_receiver_refuses_is_set_aside_and_holds_up_nothing(
    central: Central, one: Process, receiver: Receiver, hook: Webhook
) -> None:
    receiver.poison = "C"
    hook = hook.model_copy(update={"events": ("granted",)})
    webhooks = webhooks_of(central, one, [hook])
    await streamed(central, webhooks, *grants(*"ABCDEFGH"))
    async with sending_of(webhooks):
        await until(lambda: len(receiver.events) == 7)
        await stands(central, till=(0, 1))
        (told,) = await central.calls_waiting("museum")
        assert told.refused is not None
        assert told.refused.startswith("HTTP 422")
        await until(lambda: bool(one.operations.alarms.documents()))

        receiver.poison = None
        assert await central.call_again("museum", "till") == 1
        await until(lambda: len(receiver.events) == 8)

    assert "".join(str(code) for _, code in receiver.told) == "ABDEFGHC"


async def test_operators_see_how_each_webhook_does(
    central: Central, one: Process, receiver: Receiver, hook: Webhook
) -> None:
    receiver.statuses = [500] * 1000
    webhooks = webhooks_of(central, one, [hook])
    await streamed(central, webhooks, *grants("A", "B"))

    def shown(**facts: object) -> bool:
        return any(facts.items() <= each.items() for each in webhooks.documents())

    assert webhooks.documents() == []
    async with sending_of(webhooks):
        await until(lambda: shown(id="till", waiting=2, taken_s=None, set_aside=0))
        await until(lambda: (webhooks.documents()[0]["failing"] or "").startswith("HTTP 500"))
        receiver.statuses, receiver.poison = [], "B"
        await until(lambda: shown(waiting=0, set_aside=1, taken_s=0))
    assert webhooks.documents() == []  # another may send now


async def test_one_receiver_that_is_away_holds_up_no_other(
    central: Central, one: Process, receiver: Receiver, hook: Webhook
) -> None:
    nobody = hook.model_copy(update={"id": "gone", "url": "http://127.0.0.1:9/hook"})
    webhooks = webhooks_of(central, one, [nobody, hook])
    await streamed(central, webhooks, *grants("A", "B"))
    async with sending_of(webhooks):
        await until(lambda: receiver.told[:2] == [("granted", "A"), ("granted", "B")])
        await until(lambda: bool(one.operations.alarms.documents()))

    (alarm,) = one.operations.alarms.documents()
    assert alarm["reason"] == "gone"
    assert alarm["text"] == "connection refused"


async def test_calls_outlive_the_gateway_that_made_them(
    central: Central, one: Process, receiver: Receiver, hook: Webhook
) -> None:
    await streamed(central, webhooks_of(central, one, [hook]), *grants("A"))
    async with sending_of(webhooks_of(central, one, [hook])):
        await until(lambda: len(receiver.events) == 1)

    assert receiver.told == [("granted", "A")]


async def test_what_a_lost_store_is_emptied_of_is_told_too(
    central: Central, one: Process, receiver: Receiver, hook: Webhook
) -> None:
    webhooks, stream = webhooks_of(central, one, [hook]), Stream()
    stream.write(*grants("A", "B"))
    streamer = a_streamer(central, webhooks, stream)

    assert [await streamer.drain_all() for _ in range(2)] == [2, 0]

    async with sending_of(webhooks):
        await stands(central)
    assert receiver.told == [("granted", "A"), ("granted", "B")]


async def test_of_two_gateways_one_sends(
    central: Central, one: Process, receiver: Receiver, hook: Webhook
) -> None:
    first, second = (webhooks_of(central, one, [hook]) for _ in range(2))
    await streamed(central, first, *grants(*"ABCDEFGH"))
    async with sending_of(first), sending_of(second):
        await until(lambda: len(receiver.events) >= 8)
        await asyncio.sleep(0.2)

    assert [code for _, code in receiver.told] == list("ABCDEFGH")


async def test_what_nobody_took_for_too_long_is_given_up(
    central: Central, one: Process, receiver: Receiver, hook: Webhook
) -> None:
    webhooks = webhooks_of(central, one, [hook])
    await streamed(central, webhooks, *grants("A"))
    async with central.acquire() as connection:
        await connection.execute(
            "UPDATE composteur.webhook_call SET made_at = now() - interval '73 hours'"
        )
    assert await central.give_calls_up("museum", "till", 72, "not taken within 72 h") == 1

    async with sending_of(webhooks):
        await streamed(central, webhooks, *grants("B"))
        await stands(central, till=(0, 1))

    assert receiver.told == [("granted", "B")]


async def test_an_event_past_its_retention_is_told_to_nobody(
    central: Central, one: Process, receiver: Receiver, hook: Webhook
) -> None:
    webhooks = webhooks_of(central, one, [hook])
    await streamed(central, webhooks, *grants("A", "B"))
    async with central.acquire() as connection:
        await connection.execute("DELETE FROM composteur.scan_event WHERE ticket_code = 'A'")
    async with sending_of(webhooks):
        await stands(central)

    assert receiver.told == [("granted", "B")]


async def test_an_alarm_is_told_once_when_raised_and_once_when_over(
    central: Central, one: Process, receiver: Receiver, hook: Webhook
) -> None:
    alarms = one.operations.alarms
    webhooks = webhooks_of(central, one, [hook])
    async with sending_of(webhooks):
        alarms.raise_("forced", equipment="safe", text="Forced open")
        alarms.raise_("space_full", space="hall", text="300 of 300")
        await until(lambda: len(receiver.events) == 2)
        alarms.raise_("forced", equipment="safe")
        alarms.clear("space_full", space="hall")
        await until(lambda: len(receiver.events) == 3)
        alarms.raise_("space_full", space="hall", text="300 of 300")
        await until(lambda: len(receiver.events) == 4)
        await stands(central)

    async with sending_of(webhooks_of(central, one, [hook])):
        alarms.clear("forced", equipment="safe")
        await until(lambda: len(receiver.events) == 5)

    told = [
        (each["type"], each["data"]["kind"], each["data"]["active"]) for each in receiver.events
    ]
    assert sorted(told[:2]) == [("alarm", "forced", True), ("space_full", "space_full", True)]
    assert told[2:] == [
        ("space_full", "space_full", False),
        ("space_full", "space_full", True),
        ("alarm", "forced", False),
    ]
    assert len({each["id"] for each in receiver.events}) == 5


async def test_webhook_that_is_taken_out_of_the_site_file_is_told_nothing_more(
    central: Central, one: Process, receiver: Receiver, hook: Webhook
) -> None:
    hooks = [hook, hook.model_copy(update={"id": "other"})]
    webhooks = webhooks_of(central, one, hooks)
    await streamed(central, webhooks, *grants("A"))
    hooks.pop()
    async with sending_of(webhooks):
        await stands(central)

    assert receiver.told == [("granted", "A")]
