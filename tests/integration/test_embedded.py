"""The embedded stores, with real servers that are stopped, killed and started again."""

# ruff: noqa: ASYNC240 - a test may look at its files

import asyncio
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio
import redis.exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from gateway.embedded import EMBEDDED, Addresses, forget, open_stores
from gateway.errors import AlreadyRunning, StoreFailed

pytestmark = pytest.mark.usefixtures("server_programs")

_HERE = Path(__file__).parent
_REPOSITORY = _HERE.parents[1]


@pytest.fixture
def fresh() -> Iterator[Path]:
    """A state folder that no store has been opened in, deep in folders closed to others."""
    top = Path(tempfile.mkdtemp(prefix="composteur-test-"))
    folder = top / "state"
    yield folder
    for record in top.rglob("embedded.toml"):  # a test may have moved it
        forget(record.parent)
    shutil.rmtree(top)


def _opened(
    state_dir: Path, say: Callable[[str], None] = lambda _: None
) -> AbstractAsyncContextManager[Addresses]:
    return open_stores(
        redis=EMBEDDED, postgres=EMBEDDED, state_dir=state_dir, durability="always", say=say
    )


async def _redis(url: str, *command: str) -> object:
    client = redis.asyncio.Redis.from_url(url, retry=Retry(NoBackoff(), 0), decode_responses=True)
    async with client:
        return await client.execute_command(*command)  # type: ignore[no-untyped-call]


async def _sql(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def _soon[Answer](ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask until there is an answer."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await ask()
            except (OSError, redis.exceptions.RedisError, asyncpg.PostgresError):
                await asyncio.sleep(0.01)


def _home(state_dir: Path) -> Path:
    record = tomllib.loads((state_dir / "embedded.toml").read_text())
    return state_dir / str(record["data"])


def _pid(state_dir: Path, server: str) -> int:
    return int((_home(state_dir) / f"{server}.pid").read_text())


def _pids(state_dir: Path) -> list[int]:
    return [_pid(state_dir, server) for server in ("valkey", "postgres")]


def _alive(pid: int) -> bool:
    """Tell whether a process runs; one that waits for its parent to notice its end does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@contextmanager
def _owner(
    state_dir: Path, python: str = sys.executable, **how: object
) -> Iterator[tuple[subprocess.Popen[str], Addresses]]:
    """Run a process that opens the stores; it is gone at the end of the block."""
    process: subprocess.Popen[str] = subprocess.Popen(
        [python, "-m", "tests.integration.embedded_owner", str(state_dir)],
        cwd=_REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **how,  # type: ignore[call-overload]
    )
    with process:
        try:
            assert process.stdout is not None
            yield process, Addresses(**json.loads(process.stdout.readline()))
        finally:
            with suppress(BrokenPipeError):
                process.communicate(timeout=20)


# --- one life ------------------------------------------------------------------------------------


async def test_valkey_journals_every_write(redis_url: str) -> None:
    settings = await _redis(redis_url, "CONFIG", "GET", "append*")

    assert isinstance(settings, dict)
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "always"


async def test_postgres_serves_our_database_in_utf8(stores: Addresses) -> None:
    found = await _sql(
        stores.postgres,
        "SELECT concat_ws(' ', current_database(), current_user,"
        " current_setting('server_encoding'), current_setting('timezone'))",
    )

    assert found == "composteur composteur UTF8 UTC"


async def test_postgres_wants_its_password(stores: Addresses) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await _sql(re.sub(r":\w+@", ":guess@", stores.postgres), "SELECT 1")


async def test_a_test_has_a_database_of_its_own(database_url: str) -> None:
    assert await _sql(database_url, "SELECT count(*) FROM composteur.ticket") == 0


async def test_data_is_kept_between_runs(fresh: Path) -> None:
    async with _opened(fresh) as stores:
        await _redis(stores.redis, "SET", "ticket", "stamped")
        await _sql(stores.postgres, "CREATE TABLE kept AS SELECT 42 AS answer")

    async with _opened(fresh) as stores:
        assert await _redis(stores.redis, "GET", "ticket") == "stamped"
        assert await _sql(stores.postgres, "SELECT answer FROM kept") == 42


async def test_nothing_runs_and_no_socket_is_left_after_the_block(fresh: Path) -> None:
    async with _opened(fresh) as stores:
        sockets = Path(stores.redis.removeprefix("unix://")).parent
        pids = _pids(fresh)

    assert not sockets.exists()
    assert not any(map(_alive, pids))


async def test_the_sockets_are_in_a_folder_closed_to_others(stores: Addresses) -> None:
    sockets = Path(stores.redis.removeprefix("unix://")).parent

    assert sockets.stat().st_mode & 0o777 == 0o700


async def test_ctrl_c_in_the_terminal_does_not_reach_the_servers(fresh: Path) -> None:
    async with _opened(fresh):
        sessions = {os.getsid(pid) for pid in _pids(fresh)}

    assert os.getsid(0) not in sessions


async def test_a_moved_state_folder_keeps_its_data(fresh: Path) -> None:
    async with _opened(fresh) as stores:
        await _redis(stores.redis, "SET", "ticket", "stamped")

    moved = fresh.rename(fresh.with_name("moved"))

    async with _opened(moved) as stores:
        assert await _redis(stores.redis, "GET", "ticket") == "stamped"


async def test_a_new_state_folder_at_an_old_path_begins_empty(fresh: Path) -> None:
    async with _opened(fresh) as stores:
        await _redis(stores.redis, "SET", "ticket", "stamped")

    await asyncio.to_thread(forget, fresh)
    shutil.rmtree(fresh)

    async with _opened(fresh) as stores:
        assert await _redis(stores.redis, "DBSIZE") == 0


async def test_data_in_use_is_not_forgotten(fresh: Path) -> None:
    async with _opened(fresh) as stores:
        with pytest.raises(AlreadyRunning):
            await asyncio.to_thread(forget, fresh)

        assert await _redis(stores.redis, "PING")


async def test_lost_data_is_said_and_not_replaced_by_an_empty_store(fresh: Path) -> None:
    fresh.mkdir()
    (fresh / "embedded.toml").write_text('data = "/nowhere/at/all"\n')

    with pytest.raises(StoreFailed, match="/nowhere/at/all"):
        async with _opened(fresh):
            pass


async def test_a_folder_that_the_record_may_not_name_is_refused(fresh: Path) -> None:
    fresh.mkdir()
    (fresh / "embedded.toml").write_text(f"data = '{fresh.parent}'\n")

    with pytest.raises(StoreFailed, match=str(fresh.parent)):
        async with _opened(fresh):
            pass


# --- places --------------------------------------------------------------------------------------


async def test_a_state_folder_150_characters_deep_will_do(fresh: Path) -> None:
    deep = fresh
    while len(str(deep)) < 150:
        deep /= "a folder of the venue's"

    async with _opened(deep) as stores:
        assert await _redis(stores.redis, "PING")


async def test_permissions_of_folders_that_are_not_ours_stay(fresh: Path) -> None:
    fresh.mkdir(mode=0o700)
    others = {*fresh.parents, Path("/var/lib"), Path("/run"), Path(sys.prefix)}
    others |= set(Path(sys.prefix).parents)

    def rights() -> dict[Path, tuple[int, int, int]]:
        found = {path: path.stat() for path in others}
        return {path: (s.st_mode, s.st_uid, s.st_gid) for path, s in found.items()}

    before = rights()
    async with _opened(fresh):
        assert rights() == before

    assert rights() == before
    assert fresh.stat().st_mode & 0o777 == 0o700


async def test_the_servers_of_root_run_as_somebody_else(fresh: Path) -> None:
    async with _opened(fresh):
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in _pids(fresh)}

    assert 0 not in owners


def test_an_ordinary_user_keeps_everything_below_the_state_folder(fresh: Path) -> None:
    if os.geteuid() == 0:
        account = pwd.getpwnam("nobody")
        how: dict[str, object] = {
            "user": account.pw_uid,
            "group": account.pw_gid,
            "extra_groups": [],
        }
        python = _python_of(how)
        fresh.parent.chmod(0o755)
        fresh.mkdir()
        os.chown(fresh, account.pw_uid, account.pw_gid)
    else:
        python, how = sys.executable, {}

    with _owner(fresh, python, **how) as (_, stores):
        assert asyncio.run(_redis(stores.redis, "PING"))

    assert _home(fresh).is_relative_to(fresh)


async def test_root_goes_on_with_an_ordinary_users_data_as_that_user(fresh: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    account = pwd.getpwnam("nobody")
    home = fresh / "embedded"
    home.mkdir(parents=True, mode=0o700)
    fresh.parent.chmod(0o755)
    os.chown(home, account.pw_uid, account.pw_gid)
    (fresh / "embedded.toml").write_text('data = "embedded"\n')

    async with _opened(fresh) as stores:
        assert await _redis(stores.redis, "PING")

    assert {path.stat().st_uid for path in home.iterdir()} == {account.pw_uid}


def _python_of(how: dict[str, object]) -> str:
    """Find a Python with our libraries that another user may run."""
    script = "import asyncpg, redis, sys; sys.exit(sys.version_info < (3, 12))"
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    how["env"] = {
        "PYTHONPATH": libraries,
        "PYTHONDONTWRITEBYTECODE": "1",
        "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
    }
    for python in (sys.executable, shutil.which("python3.13"), shutil.which("python3")):
        with suppress(OSError, TypeError, subprocess.CalledProcessError):
            subprocess.run(
                [python, "-c", script], check=True, capture_output=True, cwd=_REPOSITORY, **how
            )  # type: ignore[call-overload]
            return str(python)
    pytest.skip("there is no Python >= 3.12 that an ordinary user may run")


# --- deaths --------------------------------------------------------------------------------------


async def test_a_killed_valkey_comes_back_with_what_it_acknowledged(fresh: Path) -> None:
    said: list[str] = []
    async with _opened(fresh, said.append) as stores:
        client = redis.asyncio.Redis.from_url(stores.redis, retry=Retry(NoBackoff(), 0))
        async with client:
            for number in range(100):
                await client.set(f"ticket-{number}", "stamped")
            killed = _pid(fresh, "valkey")
            os.kill(killed, signal.SIGKILL)

        found = await _soon(lambda: _redis(stores.redis, "DBSIZE"))

        assert found == 100
        assert _pid(fresh, "valkey") != killed
    assert len([line for line in said if "SIGKILL" in line]) == 1


async def test_a_killed_postgres_comes_back_with_what_was_committed(fresh: Path) -> None:
    said: list[str] = []
    async with _opened(fresh, said.append) as stores:
        await _sql(stores.postgres, "CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(_pid(fresh, "postgres"), signal.SIGKILL)

        found = await _soon(lambda: _sql(stores.postgres, "SELECT answer FROM kept"))

        assert found == 42
    assert len([line for line in said if "SIGKILL" in line]) == 1


async def test_a_server_that_keeps_dying_is_started_each_time(fresh: Path) -> None:
    async with _opened(fresh) as stores:
        for _ in range(3):
            os.kill(_pid(fresh, "valkey"), signal.SIGKILL)
            await asyncio.sleep(0)
            assert await _soon(lambda: _redis(stores.redis, "PING"))


async def test_a_second_start_on_the_same_data_names_its_holder(fresh: Path) -> None:
    async with _opened(fresh):
        with pytest.raises(AlreadyRunning) as caught:
            async with _opened(fresh):
                pass

    assert caught.value.pid == os.getpid()
    assert str(os.getpid()) in str(caught.value)
    assert str(fresh) in str(caught.value)


def test_another_process_on_the_same_data_is_told_who_holds_it(fresh: Path) -> None:
    with _owner(fresh) as (first, _):
        second = subprocess.run(
            [sys.executable, "-m", "tests.integration.embedded_owner", str(fresh)],
            cwd=_REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )

    assert second.returncode == 1
    assert f"process {first.pid}" in second.stderr


def test_the_servers_of_a_killed_owner_end_and_the_data_opens_again_at_once(fresh: Path) -> None:
    with _owner(fresh) as (first, stores):
        asyncio.run(_redis(stores.redis, "SET", "ticket", "stamped"))
        asyncio.run(_sql(stores.postgres, "CREATE TABLE kept AS SELECT 42 AS answer"))
        orphans = _pids(fresh)
        first.kill()
        first.wait()

        with _owner(fresh) as (_, again):
            assert not any(map(_alive, orphans))
            assert asyncio.run(_redis(again.redis, "GET", "ticket")) == "stamped"
            assert asyncio.run(_sql(again.postgres, "SELECT answer FROM kept")) == 42


def test_the_servers_of_a_killed_owner_do_not_stay(fresh: Path) -> None:
    with _owner(fresh) as (first, _):
        orphans = _pids(fresh)
        first.kill()
        first.wait()

        asyncio.run(_until(lambda: not any(map(_alive, orphans))))


async def test_a_stale_lock_with_the_number_of_another_program_is_no_hindrance(
    fresh: Path,
) -> None:
    async with _opened(fresh):
        killed = _pid(fresh, "postgres")
    lock = _home(fresh) / "postgres" / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{lock.parent}\n0\n5432\n\n\n")
    assert killed != os.getpid()

    async with _opened(fresh) as stores:
        assert await _sql(stores.postgres, "SELECT 1") == 1


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - nobody tells us of another's processes
            await asyncio.sleep(0.01)
