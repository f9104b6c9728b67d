"""Answer gates with a constant: the baseline of the wire, a responder that does nothing else.

It hears the codes of all gates on one connection, as the gateway does, and sends each the same
release. What it needs is what broker, wire and generator take by themselves.
"""

import asyncio
import contextlib
import signal

import click
import uvloop

from loadtest.mqtt import Client

BASE = "echo"
NAME = "loadtest-echo"


async def serve(url: str, payload: bytes) -> None:
    """Answer codes until told to stop."""
    client = await Client.connect(url, NAME)
    await client.subscribe(f"{BASE}/+/scan")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    print("ready", flush=True)
    answering = asyncio.create_task(_answer(client, payload), name=NAME)
    await stop.wait()
    answering.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await answering
    await client.close()


async def _answer(client: Client, payload: bytes) -> None:
    while True:
        message = await client.next_message()
        client.publish(message.topic.removesuffix("scan") + "cmd", payload)


@click.command()
@click.option("--payload", required=True, help="What every gate is told.")
@click.argument("url", envvar="LOADTEST_MQTT")
def main(url: str, payload: str) -> None:
    """Answer every code published below echo/ at a broker."""
    uvloop.run(serve(url, payload.encode()))


if __name__ == "__main__":
    main()
