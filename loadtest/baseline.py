"""Serve the baseline: a bare aiohttp handler that answers a constant, and does nothing else.

It is what the gateway's figures are divided by, so it is given every advantage a handler can have:
uvloop, no access log, no reading of the request's body. Its answer is as long as a real one.
"""

import asyncio
import signal

import click
import uvloop
from aiohttp import web


async def serve(port: int, size: int) -> None:
    """Answer POST /v1/scans with the same `size` bytes until told to stop."""
    body = b'{"decision":"granted","padding":"'
    body += b"." * max(0, size - len(body) - 2) + b'"}'

    async def scans(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_post("/v1/scans", scans)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_port=True).start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    print("ready", flush=True)
    await stop.wait()
    await runner.cleanup()


@click.command()
@click.option("--port", type=int, required=True)
@click.option("--size", type=int, default=600, help="Length of the answer's body in bytes.")
def main(port: int, size: int) -> None:
    """Serve a constant answer on 127.0.0.1; several may share the port."""
    uvloop.run(serve(port, size))


if __name__ == "__main__":
    main()
