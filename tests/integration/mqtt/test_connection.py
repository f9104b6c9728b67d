"""The connection itself, against brokers that keep to the letter, or to nothing at all."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import override

import pytest

from drivers.mqtt import connection as connection_module
from drivers.mqtt import packets
from drivers.mqtt.connection import Away, Connection, Target, connected
from drivers.mqtt.packets import Filter, Message, Packet, Splitter
from tests.integration.mqtt.brokers import Mosquitto

WELCOME = bytes.fromhex("2003000000")
TAKES_THREE = bytes.fromhex("2006000003210003")


class Fake:
    """One end of a connection, played by the test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self._splitter = Splitter()
        self._packets: list[Packet] = []

    async def receive(self) -> Packet:
        async with asyncio.timeout(5):
            while not self._packets:
                data = await self._reader.read(65536)
                if not data:
                    raise EOFError
                self._packets += self._splitter.feed(data)
        return self._packets.pop(0)

    async def receives_nothing(self) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await self.receive()

    async def until_gone(self) -> None:
        with suppress(EOFError):
            while True:
                await self.receive()


type Play = Callable[[Fake], Awaitable[None]]


@asynccontextmanager
async def against(
    play: Play, heard: list[Message] | None = None, keepalive_s: int = 5
) -> AsyncIterator[Connection]:
    """Connect to a broker that plays; what it asserts, the test asserts."""
    outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fake = Fake(reader, writer)
        try:
            assert (await fake.receive()).kind == packets.CONNECT
            await play(fake)
        except BaseException as error:  # noqa: BLE001
            outcome.set_exception(error)
        else:
            outcome.set_result(None)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    target = Target(f"mqtt://127.0.0.1:{port}", keepalive_s=keepalive_s)
    take = (heard if heard is not None else []).append
    async with server:
        async with connected(target, "me", None, take) as connection:
            yield connection
        await outcome


async def test_nothing_waits_for_the_acknowledgement_of_what_was_sent_before() -> None:
    """Nagle and delayed acknowledgements: 44 to 88 ms for what takes less than one (trap: §0.1)."""

    async def play(fake: Fake) -> None:
        fake.writer.write(TAKES_THREE)
        await fake.until_gone()

    async with against(play) as connection:
        assert connection._transport is not None
        line = connection._transport.get_extra_info("socket")  # nobody else sees it
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_no_more_is_under_way_than_the_broker_takes_and_the_late_is_never_sent() -> None:
    sent = asyncio.Event()

    async def play(fake: Fake) -> None:
        fake.writer.write(TAKES_THREE)
        await sent.wait()
        first = [
            packets.read_message(p.flags, p.body, modern=True)
            for p in [await fake.receive() for _ in range(3)]
        ]
        assert [message.payload for message in first] == [b"0", b"1", b"2"]
        await fake.receives_nothing()
        for message in first[:2]:
            fake.writer.write(packets.puback(message.number))
        then = await fake.receive()
        assert packets.read_message(then.flags, then.body, modern=True).payload == b"in time"
        await fake.receives_nothing()
        await fake.until_gone()

    async with against(play) as connection:
        for number in range(3):
            connection.publish("t", str(number).encode())
        connection.publish("t", b"late", within_s=0.05)
        connection.publish("t", b"in time", within_s=2)
        sent.set()
        await asyncio.sleep(0.4)


async def test_a_message_nobody_can_take_does_not_cost_the_connection() -> None:
    async def play(fake: Fake) -> None:
        fake.writer.write(WELCOME)
        for number in (1, 2):
            fake.writer.write(packets.publish(Message("t", b"x"), number, modern=True))
            assert packets.read_number((await fake.receive()).body) == number
        await fake.until_gone()

    class Broken(list[Message]):
        @override
        def append(self, item: Message) -> None:
            raise RuntimeError("a mistake of ours")

    async with against(play, Broken()):
        await asyncio.sleep(0.2)


@pytest.mark.parametrize(
    ("last_words", "why"),
    [
        (bytes.fromhex("e0028e00"), "somebody else has come under our name"),
        (bytes.fromhex("e0028b00"), "it is shutting down"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10, "does not speak MQTT"),
        (b"", "connection lost"),
    ],
)
async def test_why_a_connection_ended_is_told(last_words: bytes, why: str) -> None:
    async def play(fake: Fake) -> None:
        fake.writer.write(WELCOME + last_words)

    async with against(play) as connection:
        assert why in await connection.lost()
        with pytest.raises(Away):
            connection.publish("t", b"x")


async def test_a_broker_that_falls_silent_is_noticed() -> None:
    async def play(fake: Fake) -> None:
        fake.writer.write(WELCOME)
        assert (await fake.receive()).kind == packets.PINGREQ
        await fake.until_gone()

    async with against(play, keepalive_s=1) as connection:
        async with asyncio.timeout(2.5):
            assert await connection.lost() == "the broker is silent"


async def test_what_the_broker_does_not_grant_is_an_error() -> None:
    async def play(fake: Fake) -> None:
        fake.writer.write(WELCOME)
        asked = await fake.receive()
        number = packets.read_number(asked.body).to_bytes(2)
        fake.writer.write(b"\x90\x05" + number + b"\x00\x01\x87")
        await fake.until_gone()

    async with against(play) as connection:
        with pytest.raises(Away, match="may not hear b"):
            await connection.subscribe([Filter("a"), Filter("b")])


async def test_leaving_a_frozen_broker_takes_a_second_though_much_is_unsent(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "LEAVE_S", 0.2)
    async with asyncio.timeout(5):
        async with connected(Target(broker.url), "me", None, lambda _: None) as connection:
            broker.freeze()
            with suppress(Away):
                while True:
                    connection.publish("t", b"x" * 60_000, qos=0)
