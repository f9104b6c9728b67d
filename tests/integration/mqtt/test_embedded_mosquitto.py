"""The machine's own mosquitto, started for us: real processes, killed and started again."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.embedded import forget, mosquitto, open_stores
from loadtest.mqtt import Client


@pytest.fixture
def fresh() -> Iterator[Path]:
    top = Path(tempfile.mkdtemp(prefix="composteur-test-"))
    yield top / "state"
    for record in top.rglob("embedded.toml"):
        forget(record.parent)
    shutil.rmtree(top)


@asynccontextmanager
async def _broker(state_dir: Path, said: list[str] | None = None) -> AsyncIterator[str | None]:
    """Open the broker alone: the stores are somebody else's, and need not answer."""
    async with open_stores(
        redis="redis://127.0.0.1:1",
        postgres="postgresql://nobody:secret@127.0.0.1:1/none?sslmode=disable",
        mqtt="embedded",
        state_dir=state_dir,
        durability="always",
        say=(said if said is not None else []).append,
    ) as addresses:
        yield addresses.mqtt


def _home(state_dir: Path) -> Path:
    line = (state_dir / "embedded.toml").read_text().splitlines()[-1]
    return state_dir / line.split('"')[1]


@pytest.mark.usefixtures("mosquitto_program")
async def test_it_answers_whoever_has_the_address_and_nobody_else(fresh: Path) -> None:
    async with _broker(fresh) as address:
        assert address is not None
        client = await Client.connect(address, "one")
        await client.close()
        stranger = mosquitto.Access(urlsplit(address).port or 0, "guessed")
        assert await mosquitto.probe(stranger) == "answers 20020005"  # not authorised


@pytest.mark.usefixtures("mosquitto_program")
async def test_port_password_and_what_was_kept_are_those_of_before(fresh: Path) -> None:
    async with _broker(fresh) as first:
        assert first is not None
        client = await Client.connect(first, "one")
        client.publish("a/b", b"kept", retain=True)
        await client.subscribe("a/b")
        assert (await client.next_message()).payload == b"kept"
        await client.close()
    async with _broker(fresh) as second:
        assert second == first
        client = await Client.connect(first, "one")
        await client.subscribe("a/b")
        assert (await client.next_message()).payload == b"kept"
        await client.close()


@pytest.mark.usefixtures("mosquitto_program")
async def test_a_taken_port_is_left_to_who_has_it(fresh: Path) -> None:
    async with _broker(fresh) as first:
        assert first is not None
    port = urlsplit(first).port
    other = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    async with other, _broker(fresh) as second:
        assert second is not None
        assert urlsplit(second).port != port


@pytest.mark.usefixtures("mosquitto_program")
async def test_it_is_started_again_when_it_is_killed(fresh: Path) -> None:
    said: list[str] = []
    async with _broker(fresh, said) as address:
        assert address is not None
        os.kill(int((_home(fresh) / "mosquitto.pid").read_text()), signal.SIGKILL)
        async with asyncio.timeout(10):
            while not any("is back" in line for line in said):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        client = await Client.connect(address, "one")
        await client.close()


async def test_without_it_a_sentence_names_the_line_that_installs_it(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mosquitto, "found", lambda: None)
    said: list[str] = []

    async with _broker(fresh, said) as address:
        assert address is None

    assert any("apt-get install mosquitto" in line for line in said)


def test_both_ends_of_the_wire_are_without_delay() -> None:
    written = mosquitto.configuration(Path("/data"), Path("/users"), 1883)

    assert "set_tcp_nodelay true" in written.splitlines()
