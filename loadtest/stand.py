"""Put a gateway on the test stand: its own temporary site and stores, started and stopped by us.

Everything goes through the contracts: the command line starts it and makes keys, `run.json` says
where its stores are, SQL writes tickets as a seller would, and the Redis protocol says how many
have arrived.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import asyncpg
import orjson
from redis.asyncio import Redis

from loadtest import processes
from loadtest.client import Connection, Place, Requests
from loadtest.codes import TAG, code_of
from loadtest.site import READER, Osdp, Site, Wired
from loadtest.sql import statement

GATEWAY = (sys.executable, "-m", "gateway.cli")
STOP_S = 30.0
OK = 200


class StandFailed(RuntimeError):
    """The gateway did not do what a scenario needs of it."""


def free_port() -> int:
    """Return a port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Stand:
    """A gateway with a site of its own.

        async with temporary_stand(durability="always") as stand:
            await stand.sell(0, 10_000)
            … stand.url, stand.key, stand.sql, stand.store

    Without `folder` of its own a stand removes nothing: `temporary_stand` does.
    """

    def __init__(self, site: Site, *, workers: int = 1, command: Sequence[str] = GATEWAY) -> None:
        self.site = site
        self.workers = workers
        self.key = ""
        self.started_in_s = 0.0
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._addresses: dict[str, Any] = {}
        self._sql: asyncpg.Connection[asyncpg.Record] | None = None
        self._store: Redis | None = None
        self._roots: dict[str, int] = {}

    # --- life ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the gateway and wait until it says it is ready."""
        path = self.site.write()
        output = self.site.folder / "gateway.log"
        begun = time.perf_counter()
        with output.open("ab") as log:
            start_of_log = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *(*self._command, "serve", "--site", str(path), "--workers", str(self.workers)),
                stdout=log,
                stderr=log,
                cwd=self.site.folder,
                start_new_session=True,
            )
        await self._wait_ready(output, start_of_log)
        self.started_in_s = time.perf_counter() - begun
        self._addresses = orjson.loads((self.site.state_dir / "run.json").read_bytes())
        # Our own questions are kept in one backend, so that its time can be left out.
        self._sql = await asyncpg.connect(
            self.postgres_dsn, server_settings={"max_parallel_workers_per_gather": "0"}
        )
        self._store = Redis.from_url(self._addresses["redis"], protocol=2)
        self._roots = await self._find_roots()
        if not self.key:
            self.key = await self.make_key("scanner")

    async def stop(self) -> None:
        """Stop the gateway as an operator would; after 30 s kill what we started."""
        if self._sql is not None:
            with contextlib.suppress(OSError, asyncpg.PostgresError, TimeoutError):
                await self._sql.close(timeout=2)
            self._sql = None
        if self._store is not None:
            await self._store.aclose()
            self._store = None
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        ours = set().union(*self.families().values()) if self._roots else {process.pid}
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            for pid in ours:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await process.wait()
            raise StandFailed(f"the gateway did not stop within {STOP_S:.0f} s") from None

    async def restart(self) -> float:
        """Stop and start it again; return the seconds until it was ready."""
        await self.stop()
        await self.start()
        return self.started_in_s

    async def _wait_ready(self, output: Path, start_of_log: int) -> None:
        if self._process is None:
            raise StandFailed("not started")
        until = time.monotonic() + 180
        while True:
            with output.open("rb") as log:
                log.seek(start_of_log)
                text = log.read()
            if any(line.startswith(b"ready ") for line in text.splitlines()):
                return
            if self._process.returncode is not None or time.monotonic() > until:
                await self.stop()
                raise StandFailed(f"no gateway:\n{text[-3_000:].decode('utf-8', 'replace')}")
            await asyncio.sleep(0.01)

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # --- addresses ----------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where it answers HTTP."""
        return str(self._addresses["http"]).rstrip("/")

    @property
    def redis_url(self) -> str:
        """Where its entitlement store is."""
        return str(self._addresses["redis"])

    @property
    def postgres_dsn(self) -> str:
        """Where its central database is."""
        return str(self._addresses["postgres"])

    @property
    def mqtt_url(self) -> str:
        """Where its broker is."""
        return str(self._addresses["mqtt"])

    @property
    def place(self) -> Place:
        """Where our own client connects."""
        return Place.of(self.url)

    @property
    def requests(self) -> Requests:
        """Requests with the scanner's key."""
        return Requests(self.place, self.key)

    @property
    def sql(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection to the central database."""
        if self._sql is None:
            raise StandFailed("not started")
        return self._sql

    @property
    def store(self) -> Redis:
        """A connection to the entitlement store."""
        if self._store is None:
            raise StandFailed("not started")
        return self._store

    async def another_sql_connection(self) -> "asyncpg.Connection[asyncpg.Record]":
        """Connect to the central database once more; whoever asks closes it."""
        return await asyncpg.connect(self.postgres_dsn)

    # --- the command line ---------------------------------------------------------------------

    async def command(self, *arguments: str) -> tuple[int, str]:
        """Run a command on this site; return its exit status and what it printed."""
        process = await asyncio.create_subprocess_exec(
            *(*self._command, *arguments, "--site", str(self.site.path)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self.site.folder,
        )
        out, err = await process.communicate()
        status = process.returncode if process.returncode is not None else -1
        return status, (out if status == 0 else out + err).decode("utf-8", "replace").strip()

    async def make_key(self, role: str, *, reader: str = "") -> str:
        """Make a key; a bound one when a reader is named."""
        name = f"loadtest-{role}-{reader or 'any'}"
        bound = ("--reader", reader) if reader else ()
        status, printed = await self.command(
            "key", "create", "--role", role, "--name", name, *bound
        )
        if status:
            raise StandFailed(f"no key: {printed}")
        return printed.splitlines()[-1].strip()

    async def verify(self) -> str:
        """Prove store = events = attendance; return what is wrong, or nothing."""
        status, printed = await self.command("verify")
        return "" if status == 0 else f"verify failed ({status}): {printed[-300:]}"

    # --- tickets ------------------------------------------------------------------------------

    async def sell(self, first: int, count: int, *, tag: str = TAG, wait: bool = True) -> float:
        """Write tickets `first` … of a series; return the seconds until the store has them."""
        before = int(await self.store.dbsize())
        await self.sql.execute(statement("product"))
        begun = time.perf_counter()
        if count:
            await self.sql.execute(statement("tickets"), tag, first, first + count)
        if wait and count:
            await self.wait_for_store(before + count, code_of(first + count - 1, tag))
        return time.perf_counter() - begun

    async def wait_for_store(self, keys: int, code: str, *, at_most_s: float = 300) -> None:
        """Wait until the store has so many keys, and a ticket is valid at the gate."""
        until = time.monotonic() + at_most_s
        while int(await self.store.dbsize()) < keys or not await self.valid(code):
            if time.monotonic() > until:
                have = await self.store.dbsize()
                raise StandFailed(f"{have} of {keys} keys in the store after {at_most_s:.0f} s")
            await asyncio.sleep(0.1)

    async def valid(self, code: str) -> bool:
        """Ask the gate, without stamping, whether it would let this ticket in."""
        body = {"code": code, "reader": READER, "mode": "check"}
        answer = await self.ask(self.requests.scan(orjson.dumps(body)))
        return answer is not None and orjson.loads(answer)["decision"] == "granted"

    async def ask(self, request: bytes) -> bytes | None:
        """Send one request on a connection of its own; None unless the answer is a 200."""
        connection = await Connection.open(self.place)
        try:
            answer = await connection.ask(request)
        finally:
            connection.close()
        return answer.body if answer.status == OK else None

    async def wait_for_links(self, names: Collection[str], *, at_most_s: float = 15) -> None:
        """Wait until the gateway knows that this equipment is there."""
        wanted = set(names)
        async with asyncio.timeout(at_most_s):
            while wanted:
                answer = await self.ask(self.requests.get("/v1/equipment?limit=1000"))
                if answer is None:
                    raise StandFailed("no equipment")
                wanted -= {e["id"] for e in orjson.loads(answer)["items"] if e["link"] == "up"}
                await asyncio.sleep(0.1)

    async def answer_length(self, code: str) -> int:
        """Return the length of a real answer, for the baseline to be as long."""
        body = {"code": code, "reader": READER, "mode": "check"}
        answer = await self.ask(self.requests.scan(orjson.dumps(body)))
        if answer is None:
            raise StandFailed("a check was not answered")
        return len(answer)

    async def granted(self) -> int:
        """Return how many granted scans the central database has counted."""
        return int(await self.sql.fetchval(statement("granted")))

    async def wait_for_counted(self, granted: int, *, at_most_s: float = 120) -> float:
        """Wait until so many granted scans are in the central database; return the seconds."""
        begun = time.perf_counter()
        while await self.granted() < granted:
            if time.perf_counter() - begun > at_most_s:
                raise StandFailed(f"not counted within {at_most_s:.0f} s")
            await asyncio.sleep(0.02)
        return time.perf_counter() - begun

    # --- processes ----------------------------------------------------------------------------

    async def _find_roots(self) -> dict[str, int]:
        """Find the processes by what they say of themselves."""
        roots = {"gateway": int(self._addresses["pid"])}
        information = await self.store.info("server")
        name = "redis" if "redis_version" in information else "store"
        if "valkey_version" in information:
            name = "valkey"
        roots[name] = int(information["process_id"])
        backend = int(await self.sql.fetchval("SELECT pg_backend_pid()"))
        roots["postgres"] = processes.snapshot()[backend].parent
        return roots

    def families(self) -> dict[str, set[int]]:
        """Return the processes of the gateway and of its stores."""
        return processes.families(processes.snapshot(), self._roots)

    def usage(self) -> processes.Usage:
        """Read the CPU time they have used so far, without what our own questions cost."""
        return processes.Usage.now(self._roots, without={self.sql.get_server_pid()})

    @property
    def roots(self) -> Mapping[str, int]:
        """The first process of each family."""
        return self._roots

    def pin(
        self,
        *,
        gateway: Sequence[int],
        stores: Sequence[int],
        database: Sequence[int] | None = None,
    ) -> None:
        """Say on which cores the gateway and its stores may run; the database with the others."""
        cores = {"gateway": gateway, "postgres": database or stores}
        for name, pids in self.families().items():
            processes.pin(pids, cores.get(name, stores))

    def release(self) -> None:
        """Let everything run everywhere again."""
        everywhere = range(os.cpu_count() or 1)
        self.pin(gateway=everywhere, stores=everywhere)


@contextlib.asynccontextmanager
async def temporary_folder(parent: Path | None = None) -> AsyncIterator[Path]:
    """Make a folder and remove it again, with all that is in it."""
    # Short: the path of a unix socket has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="lt-", dir=parent))
    try:
        yield folder
    finally:
        site_file = str(folder / "site.toml")
        # root's data lies elsewhere: three gigabytes after a minute of stamping
        await _run((*GATEWAY, "forget", "--yes", "--site", site_file))
        shutil.rmtree(folder, ignore_errors=True)


async def _run(command: Sequence[str]) -> None:
    """Run a command; a folder without a site file has nothing to forget, so it may fail."""
    process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
    await process.wait()


@contextlib.asynccontextmanager
async def temporary_stand(
    *,
    durability: str = "always",
    workers: int = 1,
    command: Sequence[str] = GATEWAY,
    parent: Path | None = None,
    redis: str = "embedded",
    lanes: int = 0,
    gates: int = 0,
    wired: tuple[Wired, ...] = (),
    readers: tuple[Osdp, ...] = (),
) -> AsyncIterator[Stand]:
    """Start a gateway in a folder of its own; stop it and remove the folder."""
    async with temporary_folder(parent) as folder:
        site = Site(
            folder,
            free_port(),
            durability=durability,
            redis=redis,
            lanes=lanes,
            gates=gates,
            wired=wired,
            readers=readers,
        )
        async with Stand(site, workers=workers, command=command) as stand:
            yield stand
