"""So many dashboards that follow the venue live, from a process of their own.

They read what they are sent and count it, as fast as it comes; when their input ends they say how
many events that was.

    python -m loadtest.watchers --url http://127.0.0.1:8080 --number 20
"""

import asyncio
import os
import sys
from urllib.parse import urlsplit

import click
import orjson

from loadtest.storm import BEGUN

READ_BYTES = 1 << 16


async def follow(url: str, key: str, counts: list[int], number: int, ready: asyncio.Event) -> None:
    """Follow one live stream until cancelled, and count its events."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(
        b"GET /v1/live HTTP/1.1\r\n"
        + f"Host: {parts.netloc}\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    )
    while data := await reader.read(READ_BYTES):
        counts[number] += data.count(b"event: ")
        if all(counts):
            ready.set()
    raise ConnectionError("a live stream has ended")


async def watch(url: str, key: str, number: int) -> None:
    """Follow with so many dashboards until the input ends."""
    counts, ready = [0] * number, asyncio.Event()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(follow(url, key, counts, each, ready)) for each in range(number)]
        await ready.wait()
        sys.stdout.write(f"{BEGUN}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
        for task in tasks:
            task.cancel()
    sys.stdout.write(f"{orjson.dumps({'events': sum(counts)}).decode()}\n")


@click.command()
@click.option("--url", required=True)
@click.option("--number", type=click.IntRange(1, 200), default=20)
def main(url: str, number: int) -> None:
    """Follow the venue live; the key is in COMPOSTEUR_KEY."""
    asyncio.run(watch(url, os.environ["COMPOSTEUR_KEY"], number))


if __name__ == "__main__":
    main()
