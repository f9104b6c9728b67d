"""A gateway's HTTP face on a loopback port, with stand-ins behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from gateway.http.application import build_application
from gateway.http.services import Services
from tests.unit.http.doubles import Venue

type Client = TestClient[Request, Application]


@asynccontextmanager
async def serving(services: Services) -> AsyncIterator[Client]:
    """Serve on a free port, and give a client of it."""
    server = TestServer(build_application(services))
    async with TestClient(server, cookie_jar=DummyCookieJar()) as client:
        yield client


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.fixture
async def client(venue: Venue) -> AsyncIterator[Client]:
    async with serving(venue.services(asyncio.get_running_loop().time)) as client:
        yield client
