"""What dashboards are told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gateway.http.audience import QUEUED, SCANS_PER_TICK, Listener, sent
from gateway.http.live import CHECK_KEY_S
from gateway.http.services import HealthReport
from gateway.people.browser_sessions import COOKIE
from gateway.people.identity import digest
from gateway.people.roles import Role
from tests.unit.http.calls import bearer
from tests.unit.http.conftest import Client
from tests.unit.http.doubles import Venue, an_event

type Event = tuple[str, Any]


class Listening:
    """A dashboard's ear."""

    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        self._lines = lines

    async def event(self, name: str | None = None) -> Any:
        """Return the next event of a name."""
        kind = ""
        async with asyncio.timeout(5):
            async for line in self._lines:
                if line.startswith(b"event: "):
                    kind = line[7:].strip().decode()
                elif line.startswith(b"data: ") and name in {None, kind}:
                    return json.loads(line[6:])
        raise AssertionError("the stream has ended")

    async def ended(self) -> bool:
        """Wait for the end."""
        async with asyncio.timeout(5):
            try:
                async for _ in self._lines:
                    pass
            except Exception:  # noqa: BLE001 - the connection may break off
                return True
        return True


@asynccontextmanager
async def listening(client: Client, who: Role = Role.VIEWER) -> AsyncIterator[Listening]:
    async with client.get("/v1/live", headers=bearer(who)) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        yield Listening(aiter(response.content))


async def test_snapshot_comes_first(client: Client, venue: Venue) -> None:
    venue.admin.rows = [an_event()]
    venue.admin.tally = {"granted": 3, "too_late": 1}

    async with listening(client) as ear:
        snapshot = await ear.event("snapshot")

    assert set(snapshot) == {"spaces", "equipment", "alarms", "scans", "health", "figures"}
    assert [space["id"] for space in snapshot["spaces"]] == ["hall", "vault"]
    assert snapshot["scans"][0]["decision"] == "granted"
    assert snapshot["health"]["today"] == {"granted": 3, "too_late": 1}
    assert snapshot["health"]["durability"] == "always"


async def test_code_is_whole_for_operators_only(client: Client, venue: Venue) -> None:
    venue.admin.rows = [an_event()]

    async with listening(client) as ear:
        seen = await ear.event("snapshot")
    async with listening(client, Role.OPERATOR) as ear:
        whole = await ear.event("snapshot")

    assert seen["scans"][0]["ticket_code"] == "…ER-1"
    assert whole["scans"][0]["ticket_code"] == "TICKET-NUMBER-1"


async def test_scans_and_spaces_arrive_as_they_happen(client: Client, venue: Venue) -> None:
    async with listening(client) as ear:
        await ear.event("snapshot")
        venue.admin.rows.insert(0, an_event("1-2-0", decision="d", reason="too_late"))
        scan = await ear.event("scan")
        venue.admin.inside["hall"] = 7
        space = await ear.event("occupancy")

    assert (scan["event_id"], scan["reason"], scan["skipped"]) == ("1-2-0", "too_late", 0)
    assert (space["id"], space["inside"]) == ("hall", 7)


async def test_what_a_newcomer_sees_first_is_still_told_to_the_others(
    client: Client, venue: Venue
) -> None:
    venue.admin.rows = [an_event("1-1-0")]
    async with listening(client) as ear:
        await ear.event("snapshot")
        venue.admin.rows.insert(0, an_event("1-2-0"))
        venue.admin.inside["hall"] = 7
        async with listening(client) as newcomer:
            snapshot = await newcomer.event("snapshot")
            scan = await ear.event("scan")
            space = await ear.event("occupancy")

    assert snapshot["spaces"][0]["inside"] == 7
    assert (scan["event_id"], space["id"], space["inside"]) == ("1-2-0", "hall", 7)


async def test_many_scans_are_thinned_and_counted(client: Client, venue: Venue) -> None:
    venue.admin.rows = [an_event("1-0-0")]

    async with listening(client) as ear:
        await ear.event("snapshot")
        venue.admin.rows[:0] = [an_event(f"1-{number}-0") for number in range(10, 0, -1)]
        scans = [await ear.event("scan") for _ in range(SCANS_PER_TICK)]

    assert [scan["event_id"] for scan in scans] == ["1-7-0", "1-8-0", "1-9-0", "1-10-0"]
    assert sum(scan["skipped"] for scan in scans) == 6


async def test_health_is_told_when_it_changes(client: Client, venue: Venue) -> None:
    async with listening(client) as ear:
        await ear.event("snapshot")
        venue.health = HealthReport(
            ready=True, degraded=["database_unavailable"], durability="always"
        )
        while not (health := await ear.event("health"))["degraded"]:
            pass

    assert health["degraded"] == ["database_unavailable"]


async def test_silent_store_keeps_the_dashboard_alive(client: Client, venue: Venue) -> None:
    venue.admin.silent = True

    async with listening(client) as ear:
        snapshot = await ear.event("snapshot")
        venue.admin.silent = False
        venue.admin.inside["hall"] = 3
        space = await ear.event("occupancy")

    assert snapshot["scans"] == []
    assert space["inside"] == 3


async def test_dashboard_of_a_browser_outlives_a_silent_store(client: Client, venue: Venue) -> None:
    entered = await client.post("/v1/login", headers=bearer(Role.VIEWER))
    cookie = {"Cookie": f"{COOKIE}={entered.cookies[COOKIE].value}"}

    async with client.get("/v1/live", headers=cookie) as response:
        ear = Listening(aiter(response.content))
        await ear.event("snapshot")
        venue.shelf.silent = venue.admin.silent = True
        await asyncio.sleep(CHECK_KEY_S * 2 + 0.2)
        venue.shelf.silent = venue.admin.silent = False
        venue.admin.inside["hall"] = 3

        assert (await ear.event("occupancy"))["inside"] == 3


async def test_dashboard_of_a_revoked_key_ends(client: Client, venue: Venue) -> None:
    async with listening(client) as ear:
        await ear.event("snapshot")
        venue.rows.rows = [key for key in venue.rows.rows if key.name != "viewer"]
        await venue.shelf.put_keys({}, drop=[digest("secret-of-the-viewer")])

        assert await ear.ended()


async def test_poller_runs_only_while_somebody_listens(client: Client) -> None:
    async with listening(client) as ear:
        await ear.event("snapshot")
        assert any(task.get_name() == "live" for task in asyncio.all_tasks())
    await asyncio.sleep(0.2)
    assert not any(task.get_name() == "live" for task in asyncio.all_tasks())


def test_listener_that_reads_slowly_keeps_the_newest_and_counts_the_rest() -> None:
    listener = Listener(operator=False)
    for number in range(QUEUED + 5):
        written = sent("scan", {"n": number})[:-3]
        listener.offer_scans([(written, written)], 1)
        listener.offer("occupancy", "hall", sent("occupancy", {"inside": number}))

    events = listener.take().split(b"\n\n")[:-1]
    scans = [json.loads(event.split(b"data: ")[1]) for event in events if b": scan" in event]

    assert len(scans) == QUEUED
    assert len(events) == QUEUED + 1
    assert sum(scan["skipped"] for scan in scans) + len(scans) == 2 * (QUEUED + 5)
    assert listener.take() == b""


async def test_gates_and_alarms_are_in_the_snapshot_and_told_as_they_change(
    client: Client, venue: Venue
) -> None:
    venue.operations.alarms.raise_("fault", equipment="vault-1")
    async with listening(client) as ear:
        snapshot = await ear.event("snapshot")
        assert [each["id"] for each in snapshot["equipment"]] == ["north-1", "vault-1"]
        assert [each["id"] for each in snapshot["alarms"]] == ["fault.vault-1"]

        venue.operations.modes.set("north-1", "exit", "free")
        told = await ear.event("equipment")
        assert (told["id"], told["modes"]) == ("north-1", {"entry": "normal", "exit": "free"})
        venue.operations.alarms.clear("fault", equipment="vault-1")
        told = await ear.event("alarm")
        assert (told["id"], told["active"]) == ("fault.vault-1", False)
