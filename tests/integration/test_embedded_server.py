"""The supervisor, with a shell script in the server's place."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from gateway.embedded.places import Account
from gateway.embedded.server import Program, Server
from gateway.errors import StoreFailed


def _program(home: Path, script: str, **changes: object) -> Program:
    """A program that is ready once it has made the file `ready`."""

    async def probe() -> str:
        return "" if await asyncio.to_thread((home / "ready").exists) else "is thinking"

    settings: dict[str, object] = {
        "label": "Script",
        "name": "script",
        "argv": ("/bin/sh", "-c", script),
        "home": home,
        "account": Account(os.geteuid(), os.getegid()),
        "stop_signal": signal.SIGTERM,
        "probe": probe,
    }
    return Program(**(settings | changes))  # type: ignore[arg-type]


async def test_a_server_that_does_not_start_fails_with_the_end_of_its_log(tmp_path: Path) -> None:
    server = Server(_program(tmp_path, "echo no luck today; exit 3"), print)

    with pytest.raises(StoreFailed, match="no luck today") as caught:
        await server.start()

    assert caught.value.store == "Script"
    assert "status 3" in str(caught.value)
    assert str(tmp_path) in caught.value.remedy


async def test_a_program_that_is_not_there_fails_with_a_word(tmp_path: Path) -> None:
    server = Server(_program(tmp_path, "", argv=("/nowhere/at/all",)), print)

    with pytest.raises(StoreFailed, match="No such file"):
        await server.start()


async def test_a_server_that_fails_once_is_tried_again(tmp_path: Path) -> None:
    script = "test -e tried || { touch tried; exit 1; }; touch ready; exec sleep 60"
    server = Server(_program(tmp_path, script), print)

    await server.start()

    assert server.pid is not None
    await server.stop()
    assert server.pid is None


async def test_a_server_is_told_to_stop_by_its_own_signal(tmp_path: Path) -> None:
    script = "trap 'echo fast; exit 0' INT; touch ready; while :; do sleep 0.01; done"
    server = Server(_program(tmp_path, script, stop_signal=signal.SIGINT), print)

    await server.start()
    await server.stop()

    assert (tmp_path / "script.log").read_text() == "fast\n"


async def test_a_start_that_is_given_up_leaves_no_process(tmp_path: Path) -> None:
    server = Server(_program(tmp_path, "exec sleep 60"), print)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await server.start()

    await server.stop()

    assert server.pid is None


async def test_a_server_that_dies_again_and_again_is_spoken_of_once(tmp_path: Path) -> None:
    said: list[str] = []
    server = Server(_program(tmp_path, "echo >>lives; touch ready; exec sleep 0.05"), said.append)

    await server.start()
    async with asyncio.timeout(20):
        while len((tmp_path / "lives").read_text().splitlines()) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await server.stop()

    assert len([line for line in said if "starting it again" in line]) == 1


async def test_the_log_begins_anew_above_ten_megabytes(tmp_path: Path) -> None:
    (tmp_path / "script.log").write_bytes(b"x" * (10 * 1024 * 1024 + 1))
    server = Server(_program(tmp_path, "echo fresh; touch ready; exec sleep 60"), print)

    await server.start()
    await server.stop()

    assert (tmp_path / "script.log").read_text() == "fresh\n"


async def test_the_gateways_environment_stays_with_the_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "of the gateway")
    server = Server(_program(tmp_path, "env; touch ready; exec sleep 60"), print)

    await server.start()
    await server.stop()

    assert "A_SECRET" not in (tmp_path / "script.log").read_text()
