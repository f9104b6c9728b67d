"""A Valkey that tests may freeze and kill, and a link to it that may swallow answers and break."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

from gateway.embedded import programs, valkey
from gateway.embedded.places import Account
from gateway.embedded.server import Program, Server


class PrivateValkey:
    """A Valkey of the test's own, started again when it dies, as a gateway's is."""

    def __init__(self, server: Server, url: str) -> None:
        self.url = url
        self._server = server

    def freeze(self) -> None:
        """Stop it in the middle of whatever it does."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it without a word."""
        self._signal(signal.SIGKILL)

    @property
    def running(self) -> int | None:
        """The process that runs now."""
        return self._server.pid

    def _signal(self, what: signal.Signals) -> None:
        if (pid := self._server.pid) is not None:
            os.kill(pid, what)


@asynccontextmanager
async def a_valkey() -> AsyncIterator[PrivateValkey]:
    """Run a Valkey that writes every answer to its journal before it gives it."""
    with tempfile.TemporaryDirectory(prefix="composteur-faults-") as name:
        home = Path(name)
        socket, settings = home / "v.sock", home / "v.conf"
        await asyncio.to_thread(_write, settings, valkey.configuration(home, socket, "always"))
        program = await asyncio.to_thread(lambda: programs.valkey().placed(None))
        server = Server(
            Program(
                label="Valkey",
                name="valkey",
                argv=(str(program), str(settings)),
                home=home,
                account=Account(os.geteuid(), os.getegid()),
                stop_signal=signal.SIGTERM,
                probe=lambda: valkey.probe(socket),
            ),
            lambda _words: None,
        )
        await server.start()
        private = PrivateValkey(server, f"unix://{socket}")
        try:
            yield private
        finally:
            private.thaw()
            await server.stop()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


class Link:
    """Stands between a gateway and its store."""

    def __init__(self, path: Path, store: Path) -> None:
        self.url = f"unix://{path}"
        self.swallows = False
        """Answers are thrown away; questions still arrive."""
        self._path = path
        self._store = store
        self._open: set[asyncio.StreamWriter] = set()
        self._idle = asyncio.Event()

    def cut(self) -> None:
        """Break every connection; new ones are let through."""
        for writer in self._open:
            writer.transport.abort()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Link"]:
        """Listen until the end of the block."""
        server = await asyncio.start_unix_server(self._serve, self._path)
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await server.wait_closed()
            if self._open:
                await self._idle.wait()

    async def _serve(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, on = await asyncio.open_unix_connection(self._store)
        self._open |= {back, on}
        self._idle.clear()
        try:
            with closing(back), closing(on):
                async with asyncio.TaskGroup() as both:
                    both.create_task(_carry(near, on, lambda: False), name="link-there")
                    both.create_task(_carry(far, back, lambda: self.swallows), name="link-back")
        finally:
            self._open -= {back, on}
            if not self._open:
                self._idle.set()


async def _carry(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, lost: Callable[[], bool]
) -> None:
    """Carry bytes one way until either end is gone, then hang up."""
    try:
        while data := await source.read(65536):
            if not lost():
                target.write(data)
    except OSError:
        pass
    target.transport.abort()
