"""Stores of the venue's own behind the same door: nothing is started, and too old is said."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.embedded import Addresses, open_stores
from gateway.errors import StoreFailed

_NOBODY_LISTENS = "redis://127.0.0.1:1/0"


@asynccontextmanager
async def _a_redis(version: str) -> AsyncIterator[str]:
    """A server that says this version, and knows little else."""
    told = f"redis_version:{version}\r\n".encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while first := await reader.readline():
                words = []
                for _ in range(int(first[1:])):
                    await reader.readline()
                    words.append((await reader.readline()).strip().upper())
                match words[0]:
                    case b"HELLO":
                        writer.write(b"-ERR unknown command\r\n")
                    case b"INFO":
                        writer.write(b"$%d\r\n%s\r\n" % (len(told), told))
                    case _:
                        writer.write(b"+OK\r\n")
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"redis://127.0.0.1:{port}/0?protocol=2"


async def test_the_venues_own_stores_are_used_as_they_are(
    stores: Addresses, tmp_path: Path
) -> None:
    said: list[str] = []

    async with open_stores(
        redis=stores.redis,
        postgres=stores.postgres,
        state_dir=tmp_path,
        durability="always",
        say=said.append,
    ) as found:
        assert found == stores

    assert said == []
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - not of a Path, which asyncio frowns upon


async def test_a_redis_older_than_7_is_refused(stores: Addresses, tmp_path: Path) -> None:
    async with _a_redis("6.2.14") as old:
        with pytest.raises(StoreFailed, match=r"6\.2 is too old; 7\.0"):
            async with open_stores(
                redis=old, postgres=stores.postgres, state_dir=tmp_path, durability="always"
            ):
                pass


async def test_a_redis_of_7_will_do(stores: Addresses, tmp_path: Path) -> None:
    async with (
        _a_redis("7.0.15") as new_enough,
        open_stores(
            redis=new_enough, postgres=stores.postgres, state_dir=tmp_path, durability="always"
        ) as found,
    ):
        assert found.redis == new_enough


async def test_a_store_that_is_away_is_said_and_the_gateway_opens(
    stores: Addresses, tmp_path: Path
) -> None:
    said: list[str] = []

    async with open_stores(
        redis=_NOBODY_LISTENS,
        postgres=stores.postgres,
        state_dir=tmp_path,
        durability="always",
        say=said.append,
    ):
        pass

    assert len(said) == 1
    assert said[0].startswith("Redis does not answer yet")


async def test_an_address_that_cannot_be_read_is_refused(stores: Addresses, tmp_path: Path) -> None:
    with pytest.raises(StoreFailed, match="address"):
        async with open_stores(
            redis="carrier-pigeon://loft",
            postgres=stores.postgres,
            state_dir=tmp_path,
            durability="always",
        ):
            pass
