"""The embedded stores, with real servers that are stopped, killed and started again."""

import asyncpg
import redis.asyncio

from gateway.embedded import Addresses


async def test_valkey_journals_every_write(redis_url: str) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        settings = await client.config_get("append*")

    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "always"


async def test_postgres_serves_our_database_in_utf8(stores: Addresses) -> None:
    connection = await asyncpg.connect(stores.postgres)
    row = await connection.fetchrow(
        "SELECT current_database(), current_user, current_setting('server_encoding')"
    )
    await connection.close()

    assert tuple(row) == ("composteur", "composteur", "UTF8")


async def test_a_test_has_a_database_of_its_own(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    found = await connection.fetchval("SELECT count(*) FROM composteur.ticket")
    await connection.close()

    assert found == 0
