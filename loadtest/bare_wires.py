"""Release whoever shows a code: the baseline of wired turnstiles, a responder that decides nothing.

It hears all scan engines, and answers the end of each code with the same telegram on the board's
line, or with the same message on MQTT. It asks no board how it stands. What it needs is what ptys,
sockets, broker and generator take by themselves.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import uvloop

from loadtest.mqtt import Client

NAME = "loadtest-bare-wires"
END = b"\n"


def _listen(path: str, heard: Callable[[bytes], None]) -> int:
    """Have what comes on a pty taken; return its descriptor."""
    line = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def read() -> None:
        with contextlib.suppress(BlockingIOError):
            heard(os.read(line, 4096))

    asyncio.get_running_loop().add_reader(line, read)
    return line


class _Nothing(asyncio.Protocol):
    """Takes answers, and does nothing with them."""


async def _opener(address: str, telegram: bytes) -> Callable[[], object]:
    """Return what releases at a board."""
    url = urlsplit(address)
    if url.scheme == "tcp":
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(_Nothing, url.hostname or "", url.port or 502)
        return lambda: transport.write(telegram)
    line = _listen(address, lambda _: None)
    return lambda: os.write(line, telegram)


async def _acknowledge(client: Client) -> None:
    while True:
        await client.next_message()


async def serve(told: dict[str, Any]) -> None:
    """Answer codes until told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    answer = bytes.fromhex(told["answer"])
    client = await Client.connect(told["broker"], NAME) if told["broker"] else None
    for path, address in told["lines"]:
        if client is None:
            release = await _opener(address, answer)
        else:
            release = _published(client, address, answer)
        _listen(path, _at_the_end(release))
    print("ready", flush=True)
    if client is None:
        await stop.wait()
        return
    reading = asyncio.create_task(_acknowledge(client), name=NAME)
    await stop.wait()
    reading.cancel()
    await asyncio.wait((reading,))


def _published(client: Client, topic: str, payload: bytes) -> Callable[[], object]:
    return lambda: client.publish(topic, payload)


def _at_the_end(release: Callable[[], object]) -> Callable[[bytes], None]:
    def heard(data: bytes) -> None:
        if data.endswith(END):
            release()

    return heard


if __name__ == "__main__":
    uvloop.run(serve(orjson.loads(Path(sys.argv[1]).read_bytes())))
