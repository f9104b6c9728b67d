"""The pipelined connection, with a transport that only remembers."""

import asyncio
from typing import Any, override

import hiredis
import pytest

from gateway.entitlements.connection import (
    MOST_TOGETHER,
    Address,
    Connection,
    Part,
    ReplyError,
    encode,
)
from gateway.errors import StoreUnavailable


class Memory(asyncio.WriteTransport):
    """A transport that goes nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.gone = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.gone:
            raise RuntimeError("the handler is closed")  # as uvloop says it
        self.writes.append(bytes(data))

    @override
    def is_closing(self) -> bool:
        return self.gone

    @override
    def abort(self) -> None:
        self.gone = True

    @override
    def close(self) -> None:
        self.gone = True


class Wired:
    """A connection that is up, with what it told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, Any]] = []
        self.changes: list[bool] = []
        self.connection = Connection(
            "redis://127.0.0.1",
            prepare=self.prepare,
            together=lambda parts: b"+".join(key + arguments for key, arguments in parts),
            unanswered=lambda token, reply: self.told.append((token, reply)),
            on_change=self.changes.append,
        )
        self.transport = Memory()
        self.connection._loop = asyncio.get_running_loop()
        self.connection._transport = self.transport
        self.connection.up = True
        self.wire = self.connection._wire()

    async def prepare(self) -> None:
        """Nothing to prepare."""


@pytest.fixture
async def wired() -> Wired:
    return Wired()


async def test_commands_of_one_turn_travel_in_one_write(wired: Wired) -> None:
    first = wired.connection.send(b"ONE", 1)
    second = wired.connection.send(b"TWO", 1)
    await asyncio.sleep(0)
    third = wired.connection.send(b"THREE", 1)
    await asyncio.sleep(0)

    assert wired.transport.writes == [b"ONETWO", b"THREE"]
    wired.wire.data_received(b"+1\r\n+2\r\n")
    wired.wire.data_received(b"+")
    wired.wire.data_received(b"3\r\n")
    assert [await first, await second, await third] == [b"1", b"2", b"3"]
    assert wired.connection.in_flight == 0


def a_part(name: bytes) -> Part:
    return name, name.lower()


async def test_a_full_batch_on_a_connection_just_lost_waits_for_the_loss_to_be_noticed(
    wired: Wired,
) -> None:
    wired.transport.gone = True
    asked = [wired.connection.join(a_part(b"SCAN"), 1) for _ in range(MOST_TOGETHER)]

    wired.connection._drop()

    for future in asked:
        with pytest.raises(StoreUnavailable):
            await future


async def test_questions_of_one_turn_are_one_command_with_an_answer_each(wired: Wired) -> None:
    ask = wired.connection.join
    first, second = ask(a_part(b"A"), 1), ask(a_part(b"B"), 1)
    await asyncio.sleep(0)
    third = ask(a_part(b"C"), 1)
    await asyncio.sleep(0)

    assert wired.transport.writes == [b"Aa+Bb", b"Cc"]
    wired.wire.data_received(b"*2\r\n+1\r\n+2\r\n*1\r\n+3\r\n")
    assert [await first, await second, await third] == [b"1", b"2", b"3"]
    assert wired.connection.in_flight == 0


async def test_questions_keep_their_place_among_commands(wired: Wired) -> None:
    first = wired.connection.join(a_part(b"A"), 1)
    second = wired.connection.send(b"TWO", 1)
    third = wired.connection.join(a_part(b"C"), 1)
    await asyncio.sleep(0)

    assert wired.transport.writes == [b"AaTWOCc"]
    wired.wire.data_received(b"*1\r\n+1\r\n+2\r\n*1\r\n+3\r\n")
    assert [await first, await second, await third] == [b"1", b"2", b"3"]


async def test_more_questions_than_fit_are_two_commands(
    wired: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.entitlements.connection.MOST_TOGETHER", 2)
    asked = [wired.connection.join(a_part(name), 1) for name in (b"A", b"B", b"C")]
    assert wired.transport.writes == [b"Aa+Bb"], "the store need not wait for the end of the turn"
    await asyncio.sleep(0)

    assert wired.transport.writes == [b"Aa+Bb", b"Cc"]
    wired.wire.data_received(b"*2\r\n+1\r\n+2\r\n*1\r\n+3\r\n")
    assert await asyncio.gather(*asked) == [b"1", b"2", b"3"]


async def test_error_among_answers_is_that_of_one_question(wired: Wired) -> None:
    good, bad, gone = (wired.connection.join(a_part(name), 1, name) for name in (b"A", b"B", b"C"))
    gone.cancel()
    await asyncio.sleep(0)
    wired.wire.data_received(b"*3\r\n+1\r\n-ERR bad\r\n+granted\r\n")

    assert await good == b"1"
    with pytest.raises(ReplyError, match="ERR bad"):
        await bad
    assert wired.told == [(b"C", b"granted")]


async def test_error_of_a_command_is_that_of_all_its_questions(wired: Wired) -> None:
    asked = [wired.connection.join(a_part(name), 1) for name in (b"A", b"B")]
    alone = wired.connection.send(b"C", 1)
    await asyncio.sleep(0)
    wired.wire.data_received(b"-ERR no such function\r\n+3\r\n")

    for future in asked:
        with pytest.raises(ReplyError, match="no such function"):
            await future
    assert await alone == b"3"


async def test_patience_of_one_question_is_not_that_of_its_command(wired: Wired) -> None:
    hasty = wired.connection.join(a_part(b"A"), 0.01, "a")
    patient = wired.connection.join(a_part(b"B"), 5, "b")
    with pytest.raises(StoreUnavailable):
        await hasty

    wired.wire.data_received(b"*2\r\n+granted\r\n+b\r\n")

    assert await patient == b"b"
    assert wired.told == [("a", b"granted")]


async def test_questions_not_sent_yet_go_with_the_connection(wired: Wired) -> None:
    waiting = wired.connection.join(a_part(b"A"), 5, "a")
    wired.connection._drop()
    await asyncio.sleep(0)

    with pytest.raises(StoreUnavailable):
        await waiting
    assert wired.told == [("a", None)]
    assert wired.transport.writes == []


async def test_answer_too_late_is_told_with_its_token(wired: Wired) -> None:
    future = wired.connection.send(b"SLOW", 0.01, "token")
    with pytest.raises(StoreUnavailable):
        await future

    wired.wire.data_received(b"+granted\r\n")

    assert wired.told == [("token", b"granted")]


async def test_answer_too_late_without_token_is_nobodys(wired: Wired) -> None:
    future = wired.connection.send(b"SLOW", 0.01)
    with pytest.raises(StoreUnavailable):
        await future

    wired.wire.data_received(b"+granted\r\n")

    assert wired.told == []


async def test_patience_of_one_does_not_mix_up_the_others(wired: Wired) -> None:
    hasty = wired.connection.send(b"A", 0.01, "a")
    patient = wired.connection.send(b"B", 5, "b")
    with pytest.raises(StoreUnavailable):
        await hasty

    wired.wire.data_received(b"+a\r\n+b\r\n")

    assert await patient == b"b"
    assert wired.told == [("a", b"a")]


async def test_cancelled_caller_counts_as_gone(wired: Wired) -> None:
    future = wired.connection.send(b"A", 5, "a")
    future.cancel()

    wired.wire.data_received(b"+granted\r\n")

    assert wired.told == [("a", b"granted")]


async def test_lost_connection_tells_of_all_that_was_asked(wired: Wired) -> None:
    waiting = wired.connection.send(b"A", 5, "a")
    unmarked = wired.connection.send(b"B", 5)

    wired.connection._drop()

    for future in (waiting, unmarked):
        with pytest.raises(StoreUnavailable):
            await future
    assert wired.told == [("a", None)]
    assert wired.changes == [False]
    assert wired.transport.gone
    with pytest.raises(StoreUnavailable):
        await wired.connection.send(b"C", 5)


async def test_error_of_the_store_is_one_of_ours(wired: Wired) -> None:
    future = wired.connection.send(b"A", 5, "a")
    wired.wire.data_received(b"-ERR no\r\n")

    with pytest.raises(ReplyError, match="ERR no"):
        await future
    assert wired.told == []


async def test_silent_store_is_asked_no_more_than_so_much(
    wired: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.entitlements.connection.MOST_IN_FLIGHT", 2)
    waiting = [wired.connection.send(b"A", 5) for _ in range(2)]

    with pytest.raises(StoreUnavailable):
        await wired.connection.send(b"A", 5)
    wired.wire.data_received(b"+1\r\n+2\r\n")
    assert await asyncio.gather(*waiting) == [b"1", b"2"]


def test_commands_are_written_in_the_protocol() -> None:
    assert (
        encode("SET", "é", 12, b"\0")
        == b"*4\r\n$3\r\nSET\r\n$2\r\n\xc3\xa9\r\n$2\r\n12\r\n$1\r\n\0\r\n"
    )
    reader = hiredis.Reader()
    reader.feed(encode("A", 1))
    assert reader.gets() == [b"A", b"1"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("unix:///run/v.sock", Address("/run/v.sock", "127.0.0.1", 6379, None, None, 0, tls=False)),
        ("redis://store:6380/3", Address(None, "store", 6380, None, None, 3, tls=False)),
        ("rediss://me:word@store", Address(None, "store", 6379, "me", "word", 0, tls=True)),
    ],
)
def test_address_is_read_from_its_url(url: str, expected: Address) -> None:
    assert Address.parse(url) == expected


def test_address_of_another_sort_is_refused() -> None:
    with pytest.raises(ValueError, match="scheme"):
        Address.parse("http://store")
