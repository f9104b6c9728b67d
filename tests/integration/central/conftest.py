from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import pytest

from gateway.central.connection import Central
from tests.integration.central.doubles import Sink, Stream

if TYPE_CHECKING:
    from gateway.central.pool import Connection

SITE = "museum"


@pytest.fixture
async def central(database_url: str) -> AsyncIterator[Central]:
    async with Central(database_url) as opened:
        await opened.execute("sites.register", SITE)
        yield opened


@pytest.fixture
async def sql(database_url: str, central: Central) -> "AsyncIterator[Connection]":
    """A connection of somebody else's, who owns everything: sellers, administrators, readers."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO composteur.product (id, label) VALUES ('adult', 'Adult')")
    await connection.execute("DELETE FROM composteur.change")
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def sink() -> Sink:
    return Sink()
