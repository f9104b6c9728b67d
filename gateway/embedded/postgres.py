"""The private PostgreSQL: its cluster, its settings, and when it is ready."""

import asyncio
import re
import secrets
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import asyncpg

from gateway.embedded import folders, programs
from gateway.embedded.places import Places
from gateway.embedded.server import Program
from gateway.errors import StoreFailed

_NAME: Final = "composteur"  # of the database and of its role
_PROBE_LIMIT_S: Final = 5.0
_NO_SUCH_PROCESS: Final = 2**22 + 1  # above Linux' highest


def prepare(places: Places) -> Program:
    """Make PostgreSQL's cluster, unless it is there, and its settings."""
    program = programs.postgres().placed(places.programs)
    data = places.home / "postgres"
    for left in places.home.glob("postgres.unfinished.*"):
        shutil.rmtree(left, ignore_errors=True)
    if not data.exists():
        _make_cluster(program.with_name("initdb"), data, places)
    for lock in (data / "postmaster.pid", places.sockets / ".s.PGSQL.5432.lock"):
        _disown(lock)
    settings = places.home / "postgres.conf"
    folders.write(settings, configuration(places.sockets), 0o644)
    url = address(places)
    return Program(
        label="PostgreSQL",
        name="postgres",
        argv=(
            *programs.with_lower_priority(program),
            "-D",
            str(data),
            "-c",
            f"config_file={settings}",
        ),
        home=places.home,
        account=places.account,
        stop_signal=signal.SIGINT,
        probe=lambda: probe(url),
    )


def address(places: Places) -> str:
    """Return the address, password and all."""
    file = places.home / "postgres.password"
    try:
        password = file.read_text().strip()
    except FileNotFoundError:
        raise StoreFailed("PostgreSQL", f"its password is gone: {file}") from None
    return f"postgresql://{_NAME}:{password}@/{_NAME}?host={places.sockets}"


def configuration(sockets: Path) -> str:
    """Return the settings file: a small machine which the gates have first claim on."""
    return f"""\
# Written by Composteur at every start: changes made here are lost.
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
cluster_name = 'composteur'
max_connections = 50

shared_buffers = 128MB
huge_pages = off
effective_cache_size = 1GB
random_page_cost = 1.1
max_parallel_workers_per_gather = 0
io_method = sync
jit = off

fsync = on
synchronous_commit = on
full_page_writes = on
# After a checkpoint the first change to a page writes all of it: rarer checkpoints, fewer pages. To
# compress one costs seven times as much as an event (the wheel's PostgreSQL has only pglz).
wal_compression = off
checkpoint_timeout = 15min
max_wal_size = 2GB
autovacuum = on

timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_checkpoints = off
# No value of a row, no statement with one: they hold codes and names.
log_error_verbosity = terse
log_min_error_statement = panic
logging_collector = off
"""


async def probe(url: str) -> str:
    """Ask whether the database can be used, and make it in a new cluster.

    Raises:
        StoreFailed: The password is not the cluster's.
    """
    try:
        async with asyncio.timeout(_PROBE_LIMIT_S):
            await _connect_once(url)
    except asyncpg.InvalidCatalogNameError:
        await _connect_once(url, f'CREATE DATABASE "{_NAME}"', database="postgres")
    except asyncpg.CannotConnectNowError as error:
        return f"is not ready yet: {error}"  # recovery after a crash has no limit in time
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise StoreFailed("PostgreSQL", f"does not let us in: {error}") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return f"answers: {error}"
    return ""


async def _connect_once(url: str, statement: str = "SELECT 1", database: str = _NAME) -> None:
    connection = await asyncpg.connect(url, database=database)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _make_cluster(initdb: Path, data: Path, places: Places) -> None:
    """Make a new cluster beside its final place, so that half a cluster is never taken for one."""
    password = places.home / "postgres.password"
    if not password.exists():
        folders.write(password, secrets.token_hex(16), 0o600)
    unfinished = data.with_name(f"postgres.unfinished.{secrets.token_hex(4)}")
    folders.data_folder(unfinished, places.account)
    passed = places.home / "initdb.password"
    folders.write(passed, password.read_text(), 0o600, places.account)
    arguments = [
        str(initdb),
        f"--pgdata={unfinished}",
        f"--username={_NAME}",
        f"--pwfile={passed}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--sync-method=syncfs" if sys.platform == "linux" else "--sync-method=fsync",
    ]
    try:
        done = subprocess.run(
            arguments,
            cwd=places.home,
            env={"LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            user=places.account.uid if folders.is_root() else None,
            group=places.account.gid if folders.is_root() else None,
            extra_groups=[] if folders.is_root() else None,
            umask=0o077,
        )
    finally:
        passed.unlink()
    if done.returncode != 0:
        raise StoreFailed("PostgreSQL", "initdb failed", log=done.stdout + done.stderr)
    unfinished.rename(data)


def _disown(lock: Path) -> None:
    """Free a stale lock of PostgreSQL's whose process number now belongs to another program.

    PostgreSQL takes any living process of its account for the earlier server, and small numbers
    come round soon in a container. The number alone is changed: the rest of the file leads to the
    shared memory by which it knows whether an earlier server's processes still write.
    """
    with suppress(FileNotFoundError):
        text = lock.read_text()
        number = re.match(r"-?(\d+)", text)
        if number and _other_program(int(number[1])):
            lock.write_text(f"{_NO_SUCH_PROCESS}{text[number.end() :]}")


def _other_program(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() != "postgres"
    except OSError:
        return False  # no such process, or no way to tell: PostgreSQL decides
