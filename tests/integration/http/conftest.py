"""The HTTP face on real stores: what a seller writes, what a gate asks, what the database keeps."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

import config
from config import Site
from gateway.central.connection import Central
from gateway.central.keys import KeyTable
from gateway.central.streamer import Streamer
from gateway.entitlements.admin import SpaceFacts as StoredSpace
from gateway.entitlements.admin import StoreAdmin
from gateway.entitlements.library import library
from gateway.entitlements.store import EntitlementStore
from gateway.http.application import build_application
from gateway.http.metrics import Metrics
from gateway.http.services import HealthReport, Services, SiteFacts
from gateway.people.browser_sessions import BrowserSessions
from gateway.people.desk import KeyDesk
from gateway.people.idempotency import Idempotency
from gateway.people.identity import Key
from gateway.people.keyring import Keyring
from gateway.people.roles import Role
from gateway.people.shelf import RedisShelf
from gateway.tickets.messages import message
from gateway.venue.operations import operations
from gateway.venue.privacy import Privacy
from gateway.venue.reload import SiteFile
from gateway.venue.retention import Keeper, PseudonymKeys
from gateway.venue.tasks import kept_going
from gateway.venue.times import Times
from tests.unit.http.conftest import Client
from tests.unit.http.doubles import Later

SITE = "museum"
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(scope="session", autouse=True)
def _functions_read() -> None:
    """Read the functions' files before a loop runs, as a gateway does at its start."""
    library()


@dataclass
class House:
    """A venue with its stores, its face and a key for each role."""

    services: Services
    central: Central
    store: EntitlementStore
    admin: StoreAdmin
    keys: dict[str, str]
    client: Client

    def bearer(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[who]}"}

    async def sell(self, *statements: str) -> None:
        """Write as a seller does, with SQL, and carry it to the store."""
        async with self.central.acquire() as connection:
            for statement in statements:
                await connection.execute(statement)


A_SITE = Site.model_validate(
    {
        "site": {"id": SITE, "name": "Museum", "timezone": "Europe/Paris"},
        "space": [
            {"id": "hall", "name": "Great hall", "capacity": 300},
            {"id": "vault", "name": "Vault", "parent": "hall"},
        ],
        "equipment": [
            {"id": "door", "space": "hall", "direction": "both"},
            {"id": "lane", "space": "hall", "direction": "both", "count_on": "passage"},
        ],
    }
)


@asynccontextmanager
async def a_house(
    redis_url: str,
    database_url: str,
    store: EntitlementStore | None = None,
    *,
    site: Site = A_SITE,
    file: Path | None = None,
) -> AsyncIterator[House]:
    """Open a venue; ``file`` is its site file, where it has one that is watched."""
    admin = StoreAdmin(redis_url, SITE)
    folder = tempfile.TemporaryDirectory(prefix="composteur-test-")
    store = store or EntitlementStore(redis_url, SITE, PARIS, wall=time.time)
    async with Central(database_url) as central:
        await central.execute("sites.register", SITE)
        await admin.begin(1)
        await admin.set_phase("ready")
        await admin.configure_spaces(
            [StoredSpace("hall", None, 300), StoredSpace("vault", "hall", None)]
        )
        assert await store.open()
        shelf = RedisShelf(admin.client, SITE)
        rows = KeyTable(central, SITE, partial(msgspec.convert, type=Key))
        desk = KeyDesk(rows, shelf, lambda: time.time_ns() // 1_000_000)
        keyring = Keyring(shelf, rows, time.monotonic)
        keys = {str(role): (await desk.create(str(role), role))[1] for role in Role}
        keys["door"] = (await desk.create("door", Role.SCANNER, "door"))[1]
        keys["lane"] = (await desk.create("lane", Role.SCANNER, "lane"))[1]
        metrics = Metrics()
        people = operations(site, admin, store, Times(PARIS).write, lambda: metrics.tallies)
        pseudonyms = PseudonymKeys(central, SITE, Path(folder.name) / "pseudonym.key")
        services = Services(
            site=SiteFacts(SITE, "Museum", "en", PARIS),
            store=store,
            admin=admin,
            central=central,
            operations=people,
            keyring=keyring,
            sessions=BrowserSessions(shelf, keyring, time.monotonic),
            desk=desk,
            idempotency=Idempotency(shelf),
            degraded=Later(),
            health=lambda: HealthReport(ready=True, degraded=[], durability="always"),
            clock=lambda: time.time_ns() // 1_000_000,
            monotonic=time.monotonic,
            message=partial(message, zone=PARIS),
            metrics=metrics,
            privacy=Privacy(central, admin, pseudonyms, store.now),
            keeper=Keeper(central, SITE, lambda: site.retention, pseudonyms, PARIS),
        )
        works = people.works() | people.first_works(admin)
        if file is not None:
            services.site_file = SiteFile(
                file, site, config.examine_text, people.bus, people.alarms, speaks=True
            )
            services.site_file.on_change(people.take_up)
            works["site_file"] = services.site_file.run
        server = TestServer(build_application(services))
        try:
            async with (
                kept_going(**works),
                TestClient(server, cookie_jar=DummyCookieJar()) as client,
            ):
                yield House(services, central, store, admin, keys, client)
        finally:
            folder.cleanup()
            await store.close()
            await admin.close()


@pytest.fixture
async def house(redis_url: str, database_url: str) -> AsyncIterator[House]:
    async with a_house(redis_url, database_url) as house:
        await house.sell(
            "UPDATE composteur.site SET epoch = 1",
            "INSERT INTO composteur.product (id, label) VALUES ('day', 'Day ticket')",
            "INSERT INTO composteur.product (id, label, max_stamps) VALUES ('five', 'Five', 5)",
        )
        await house.admin.put_products(
            await house.central.fetch("feed.products", ["day", "five"], [1, 1])
        )
        yield house


@pytest.fixture
async def streaming(house: House) -> AsyncIterator[Streamer]:
    async with a_streamer(house) as streamer:
        yield streamer


@asynccontextmanager
async def a_streamer(house: House) -> AsyncIterator[Streamer]:
    """Carry events to the database, as the first process does."""

    async def went_back() -> None:
        raise AssertionError("the store went back in time")

    streamer = Streamer(
        house.central,
        house.admin,
        SITE,
        clock=house.store.now,
        timezone=PARIS.key,
        store_went_back=went_back,
    )
    task = asyncio.create_task(streamer.run(), name="streamer")
    yield streamer
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
