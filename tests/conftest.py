"""What every test gets: real stores, and guards that fail a test which leaves something behind.

The stores are those of `gateway.embedded`, one pair for each pytest process. Ask for

- `redis_url`: the Valkey's address; it is empty when the test begins;
- `database_url`: a database of the test's own, with our schema in it;
- `stores`: both addresses, as they come.
"""

import asyncio
import os
import shutil
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis
import uvloop
from blockbuster import blockbuster_ctx
from hypothesis import settings

from gateway.embedded import EMBEDDED, Addresses, forget, open_stores, programs
from gateway.errors import StoreFailed
from tests.databases import Databases

# What lands must not hang on the luck of a draw: CI plays the same games each time, everybody else
# new ones. Nor on how busy the machine is: no example has a deadline.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("new", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "new")

_OUR_ROOMS = ["config", "controllers", "drivers", "gateway"]
_MAY_BLOCK = [
    ("redis/utils.py", "get_lib_version"),  # looks up its own version for each connection
]
_GRACE_S = 2.0


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


# --- stores --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _runner() -> Iterator[asyncio.Runner]:
    """A loop for what outlives a test; it runs while a fixture asks it to."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner


@pytest.fixture(scope="session")
def state_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="composteur-test-"))
    yield folder
    forget(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server_programs() -> None:
    """Skip on a laptop without the servers; they must be there where CI=true."""
    try:
        programs.valkey()
        programs.postgres()
    except StoreFailed as failure:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(failure))


@pytest.fixture(scope="session")
def stores(_runner: asyncio.Runner, state_dir: Path, server_programs: None) -> Iterator[Addresses]:
    opened = open_stores(
        redis=EMBEDDED, postgres=EMBEDDED, state_dir=state_dir, durability="always"
    )
    addresses = _runner.run(opened.__aenter__())
    yield addresses
    _runner.run(opened.__aexit__(None, None, None))


@pytest.fixture
def redis_url(stores: Addresses) -> str:
    with redis.Redis.from_url(stores.redis) as client:
        client.flushall()
        client.function_flush("SYNC")
    return stores.redis


@pytest.fixture(scope="session")
def databases(_runner: asyncio.Runner, stores: Addresses) -> Databases:
    """Databases with our schema in them."""
    databases = Databases(_runner, stores.postgres)
    _runner.run(databases.make_template())
    return databases


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    with databases.lent() as url:
        yield url


# --- guards --------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("COMPOSTEUR_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a thread, a child process, a task or a socket."""
    threads, children = _threads(), _children()
    if request.node.get_closest_marker("asyncio"):
        request.getfixturevalue("_nothing_left_in_the_loop")
    yield
    left: dict[str, set[object]] = {}
    deadline = time.monotonic() + _GRACE_S
    while True:
        left = {"threads": _threads() - threads, "child processes": _children() - children}
        if not any(left.values()) or time.monotonic() > deadline:
            break
        time.sleep(0.01)
    _fail_if_any(left)


@pytest.fixture
async def _nothing_left_in_the_loop() -> AsyncIterator[None]:
    async with nothing_left_in_the_loop():
        yield


@asynccontextmanager
async def nothing_left_in_the_loop() -> AsyncIterator[None]:
    """Fail what blocks the loop, or leaves a task or a socket in it."""
    tasks, sockets = asyncio.all_tasks(), _sockets()
    with blockbuster_ctx(_OUR_ROOMS) as blocking_calls:
        for call in blocking_calls.functions.values():
            for file, function in _MAY_BLOCK:
                call.can_block_in(file, function)
        yield
    left: dict[str, set[object]] = {}
    deadline = time.monotonic() + _GRACE_S
    while True:
        here = {asyncio.current_task()}
        open_now = _sockets()
        left = {
            "tasks": set[object](asyncio.all_tasks()) - tasks - here,
            # uvloop makes a pair of its own for each run: the number tells, not the names.
            "sockets": open_now - sockets if len(open_now) > len(sockets) else set(),
        }
        if not any(left.values()) or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.005)
    _fail_if_any(left)


def _fail_if_any(left: dict[str, set[object]]) -> None:
    for what, things in left.items():
        if things:
            pytest.fail(f"the test left {what} behind: {things}", pytrace=False)


def _threads() -> set[object]:
    # An event loop's own pool (asyncio's, uvloop's) ends with the loop, which is closed after the
    # fixtures; a pool of ours has a name of its own.
    of_loops = ("asyncio_", "uvloop_")
    return {t for t in threading.enumerate() if not t.name.startswith(of_loops)}


def _children() -> set[object]:
    """Our child processes, also those that wait to be asked how they ended (Linux only)."""
    lists = Path("/proc/self/task").glob("*/children")
    return {int(pid) for children in lists for pid in _read(children).split()}


def _sockets() -> set[object]:
    """The numbers of our open sockets (Linux only)."""
    found = set[object]()
    for descriptor in Path("/proc/self/fd").iterdir() if Path("/proc/self/fd").exists() else ():
        try:
            target = str(descriptor.readlink())
        except OSError:
            continue  # it was the one that lists the others
        if target.startswith("socket:"):
            found.add(target)
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""  # the thread has gone
