"""Real gateways for tests: started, spoken to, stopped and killed as an operator would."""

import asyncio
import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Self, TextIO

import asyncpg
import msgspec

from gateway.central.connection import Central
from gateway.central.keys import KeyTable
from gateway.embedded import home, postgres
from gateway.entitlements.admin import StoreAdmin
from gateway.people.desk import KeyDesk
from gateway.people.identity import Key
from gateway.people.roles import Role
from gateway.people.shelf import RedisShelf

SITE = """
[site]
id = "museum"
timezone = "Europe/Paris"

[stores]
state_dir = "state"

[http]
port = 0

[[space]]
id = "hall"
name = "Hall"

[[equipment]]
id = "door"
kind = "reader"
space = "hall"
direction = "both"
"""

STARTS_WITHIN_S = 30.0
COMMAND = (sys.executable, "-m", "gateway.cli")


def new_code() -> str:
    """Make a code of ours."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=")


def until(holds: Callable[[], bool], *, within_s: float = 10.0, what: str = "it") -> None:
    """Wait until something holds."""
    ends_at = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends_at, f"{what} took more than {within_s} s"
        time.sleep(0.02)


def _hear(pipe: TextIO, said: list[str]) -> None:
    """Gather what a process says, until it ends or the pipe is closed under us."""
    with suppress(ValueError):
        said.extend(pipe)


def descendants(pid: int) -> dict[int, str]:
    """Return the processes below one, with their command lines."""
    parents, commands = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                stat = (entry / "stat").read_text()
                parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
                commands[int(entry.name)] = (
                    (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                )
    found: dict[int, str] = {}
    wanted = [pid]
    while wanted:
        above = wanted.pop()
        for child, parent in parents.items():
            if parent == above:
                found[child] = commands[child]
                wanted.append(child)
    return found


def alive(pid: int) -> bool:
    """Tell whether a process runs (a zombie does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def new_cluster(state_dir: Path) -> Path:
    """Make what a gateway's PostgreSQL begins with, to be copied; return where it lives."""
    places = home.settle(state_dir, lambda _: None)
    postgres.prepare(places)
    return places.home


def give_cluster(state_dir: Path, cluster: Path) -> None:
    """Give a new state folder a cluster, as if it had made it: that takes a second or two."""
    places = home.settle(state_dir, lambda _: None)
    for name in ("postgres", "postgres.password"):
        subprocess.run(["cp", "-a", cluster / name, places.home / name], check=True)


class Gateway:
    """One `composteur serve` on a folder; its data outlives it."""

    def __init__(self, folder: Path, site: str = SITE, cluster: Path | None = None) -> None:
        self.folder = folder
        self._cluster = cluster
        self.site_file = folder / "site.toml"
        self.site_file.write_text(site)
        self.state_dir = folder / "state"
        self.url = ""
        self.key = ""
        self.process: subprocess.Popen[str] | None = None
        self.said: list[str] = []

    def start(self, *options: str) -> Self:
        """Start it and wait for its `ready` line; its first time from a copied cluster."""
        if self._cluster is not None and not self.state_dir.exists():
            give_cluster(self.state_dir, self._cluster)
        process = self.process = subprocess.Popen(
            [*COMMAND, "serve", "--site", self.site_file, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = []
        assert process.stdout is not None
        assert process.stderr is not None
        hearing = threading.Thread(target=_hear, args=(process.stderr, self.said), daemon=True)
        hearing.start()
        timer = threading.Timer(STARTS_WITHIN_S, process.kill)
        timer.start()
        line = process.stdout.readline()
        timer.cancel()
        assert line.startswith("ready http://"), f"{line!r}\n{''.join(self.said)}"
        self.url = line.split()[1]
        return self

    @property
    def pid(self) -> int:
        """The process."""
        assert self.process is not None
        return self.process.pid

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end."""
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(15)
        self._close()
        return status

    def kill(self) -> None:
        """Kill it without warning, and wait until its servers have noticed."""
        assert self.process is not None
        children = descendants(self.pid)
        self.process.kill()
        self.process.wait(5)
        self._close()
        until(lambda: not any(map(alive, children)), what=f"the end of {children}")

    def end(self) -> None:
        """Leave nothing behind, whatever the test did."""
        if self.process is not None and self.process.poll() is None:
            children = descendants(self.pid)
            for pid in (self.pid, *children):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
            self._close()
        home.forget(self.state_dir)

    def _close(self) -> None:
        assert self.process is not None
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run another command on the same site."""
        done = subprocess.run(
            [*COMMAND, *arguments, "--site", self.site_file],
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert bool(done.returncode) == fails, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    @property
    def run_file(self) -> dict[str, Any]:
        """What the gateway tells other programs."""
        content: dict[str, Any] = json.loads((self.state_dir / "run.json").read_text())
        return content

    def child(self, word: str) -> int:
        """Return the process below us whose command line has a word."""
        for pid, command in descendants(self.pid).items():
            if word in command:
                return pid
        raise AssertionError(f"no {word} below {self.pid}")

    def with_key(self, role: str = "admin") -> Self:
        """Make a key and use it from now on; no act tells of it, but it takes no second either."""
        site = tomllib.loads(self.site_file.read_text())["site"]["id"]
        running = self.run_file
        admin, central = StoreAdmin(running["redis"], site), Central(running["postgres"])
        self.key = asyncio.run(_new_key(admin, central, site, Role(role)))
        return self

    def ask(
        self, method: str, path: str, body: object = None, *, timeout_s: float = 5
    ) -> tuple[int, Any]:
        """Send a request; return status and document."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as response:
                text = response.read()
                return response.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def scan(self, code: str, **more: object) -> tuple[int, Any]:
        """Scan a ticket at the door."""
        return self.ask("POST", "/v1/scans", {"code": code, "reader": "door", **more})

    def decide(self, code: str, **more: object) -> str:
        """Scan a ticket; return `granted` or the reason."""
        status, answer = self.scan(code, **more)
        assert status == 200, answer
        return str(answer["reason"] or answer["decision"])

    def sell(self, count: int, *, wait: bool = True) -> list[str]:
        """Sell tickets of one stamp, by plain SQL; wait until the gate knows them."""
        codes = [new_code() for _ in range(count)]
        asyncio.run(_sell(self.run_file["postgres"], codes))
        if wait:
            for code in (codes[0], codes[-1]):
                until(
                    lambda code=code: self.ask("GET", f"/v1/tickets/{code}")[0] == 200,  # type: ignore[misc]
                    what="the feed",
                )
        return codes

    def holdings(self, tasks_told: Path) -> tuple[int, int, int]:
        """Count descriptors, threads and tasks; the least of a moment, as our requests go by.

        ``tasks_told`` is the fixture's: the gateway was started under it.
        """

        def count(folder: str) -> int:
            return len(list(Path(f"/proc/{self.pid}/{folder}").iterdir()))

        counted = []
        for _ in range(10):
            tasks_told.unlink(missing_ok=True)
            os.kill(self.pid, signal.SIGUSR1)
            until(lambda: tasks_told.exists() and tasks_told.read_text() != "", what="the tasks")
            counted.append((count("fd"), count("task"), len(tasks_told.read_text().split())))
            time.sleep(0.05)
        descriptors, threads, tasks = map(min, zip(*counted, strict=True))
        return descriptors, threads, tasks

    def ready(self) -> tuple[int, Any]:
        """Ask whether it can decide."""
        return self.ask("GET", "/readyz")


async def _new_key(admin: StoreAdmin, central: Central, site: str, role: Role) -> str:
    try:
        async with central:
            rows = KeyTable(central, site, partial(msgspec.convert, type=Key))
            shelf = RedisShelf(admin.client, site)
            desk = KeyDesk(rows, shelf, lambda: time.time_ns() // 1_000_000)
            return (await desk.create(f"test-{role}", role))[1]
    finally:
        await admin.close()


async def _sell(dsn: str, codes: Sequence[str]) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "INSERT INTO composteur.product (id, label) VALUES ('day', 'Day ticket')"
            " ON CONFLICT DO NOTHING"
        )
        await connection.executemany(
            "INSERT INTO composteur.ticket (code, product) VALUES ($1, 'day')",
            [(code,) for code in codes],
        )
    finally:
        await connection.close()


def settings_of(first: Gateway, site: str = SITE) -> str:
    """Write the site file of a further gateway on the stores of a running one."""
    running = first.run_file
    return site.replace(
        "[stores]",
        f'[stores]\nredis = "{running["redis"]}"\npostgres = "{running["postgres"]}"',
    )


class Load:
    """Visitors at several handhelds at once; remembers what was acknowledged."""

    def __init__(self, gateway: Gateway, codes: Sequence[str], threads: int = 8) -> None:
        self.granted: dict[str, str] = {}
        self.failed = 0
        self._gateway = gateway
        self._codes = iter(codes)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(threads)]

    def __enter__(self) -> Self:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End; those at a handheld get their answer."""
        self._stop.set()
        for thread in self._threads:
            thread.join(20)

    def _work(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                code = next(self._codes, None)
            if code is None:
                return
            try:
                status, answer = self._gateway.scan(code, nonce=code)
            except OSError:
                status, answer = 0, None
            with self._lock:
                if status == 200 and answer["decision"] == "granted":
                    self.granted[code] = answer["event"]
                else:
                    self.failed += 1
