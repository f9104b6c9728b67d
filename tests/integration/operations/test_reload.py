"""A changed site file: taken up without dropping a scan, or refused as a whole."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import config
from gateway.http.schemas import SiteAnswer, SiteDraftAnswer
from gateway.venue.reload import SiteFile, unchangeable
from tests.integration.http.conftest import House, a_house
from tests.integration.http.test_contract import ask, put, scan
from tests.integration.operations.processes import until
from tests.unit.http.calls import problem

TEXT = """
[site]
id = "museum"
name = "Museum"
timezone = "Europe/Paris"

[[space]]
id = "hall"
name = "Great hall"
capacity = 300

[[equipment]]
id = "door"
space = "hall"
direction = "both"
"""
BROKEN = TEXT.replace('space = "hall"', 'space = "cellar"').replace("300", '"many"')


@pytest.fixture
async def house(redis_url: str, database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    file = tmp_path / "site.toml"
    await asyncio.to_thread(file.write_text, TEXT)
    site = await asyncio.to_thread(config.load, file)
    async with a_house(redis_url, database_url, site=site, file=file) as house:
        await house.sell(
            "UPDATE composteur.site SET epoch = 1",
            "INSERT INTO composteur.product (id, label, max_stamps) VALUES ('pass', 'Pass', NULL)",
        )
        await house.admin.put_products(await house.central.fetch("feed.products", ["pass"], [1]))
        await put(house, "PASS", product="pass")
        await until(lambda: _file(house)._applied is not None)
        yield house


def _file(house: House) -> SiteFile:
    assert house.services.site_file is not None
    return house.services.site_file


async def write(house: House, text: str) -> None:
    """Write the file as an editor does."""
    await asyncio.to_thread(_file(house)._path.write_text, text)


def names(house: House) -> dict[str, str]:
    return {name: space.name for name, space in house.services.spaces.items()}


async def test_no_scan_is_dropped_while_the_file_changes_twenty_times(house: House) -> None:
    counted = {"scans": 0}
    stop = asyncio.Event()

    async def scans() -> None:
        while not stop.is_set():
            answer = await scan(house, "PASS", "scanner", reader="door")
            assert answer["decision"] == "granted"
            counted["scans"] += 1

    async with asyncio.TaskGroup() as crowd:
        for _ in range(8):
            crowd.create_task(scans())
        for number in range(20):
            more = f'\n[[equipment]]\nid = "door-{number}"\nspace = "hall"\n'
            await write(house, TEXT.replace("Great hall", f"Hall {number}") + more)
            _file(house).tell()
            await until(lambda number=number: names(house)["hall"] == f"Hall {number}")  # type: ignore[misc]
            assert set(house.services.readers) == {"door", f"door-{number}"}
        stop.set()

    assert counted["scans"] > 100
    _, ticket = await ask(house, "GET", "/v1/tickets/PASS")
    assert ticket["stamps"]["made"] == counted["scans"]


async def test_change_is_seen_without_being_told(house: House) -> None:
    await write(house, TEXT.replace("Great hall", "Small hall"))

    await until(lambda: names(house) == {"hall": "Small hall"}, within_s=3)


async def test_broken_file_is_refused_told_and_the_old_one_goes_on(house: House) -> None:
    await write(house, BROKEN)
    _file(house).tell()
    await until(lambda: _file(house).degraded == ["site_file_refused"])

    assert names(house) == {"hall": "Great hall"}
    assert (await scan(house, "PASS"))["decision"] == "granted"
    (alarm,) = house.services.operations.alarms.documents()
    assert (alarm["id"], alarm["active"]) == ("site_file", True)
    assert "cellar" in alarm["text"]

    await write(house, TEXT)
    _file(house).tell()
    await until(lambda: _file(house).degraded == [])
    assert not house.services.operations.alarms.documents()[0]["active"]


async def test_file_that_has_gone_is_refused(house: House) -> None:
    await asyncio.to_thread(_file(house)._path.unlink)

    await until(lambda: _file(house).degraded == ["site_file_refused"], within_s=3)
    assert names(house) == {"hall": "Great hall"}


async def test_what_needs_a_restart_is_named_and_nothing_else_is_applied(house: House) -> None:
    text = TEXT.replace("Great hall", "Small hall").replace("Europe/Paris", "Europe/Berlin")
    await write(house, text + "\n[http]\nport = 9999\n")
    _file(house).tell()
    await until(lambda: _file(house).degraded == ["site_file_needs_restart"])

    assert names(house) == {"hall": "Great hall"}
    _, answer = await ask(house, "GET", "/v1/site")
    assert (answer["applied"], answer["needs_restart"]) == (False, ["site.timezone", "http.port"])


async def test_site_is_read_and_put_with_its_revision(house: House) -> None:
    status, answer = await ask(house, "GET", "/v1/site")
    assert status == 200
    msgspec.convert(answer, SiteAnswer)
    assert (answer["text"], answer["applied"], answer["needs_restart"]) == (TEXT, True, [])

    text = TEXT.replace("Great hall", "Grand hall")
    body = {"revision": answer["revision"], "text": text}
    status, found = await ask(house, "PUT", "/v1/site", body=body)

    assert (status, found["text"], found["applied"]) == (200, text, True), found
    assert names(house) == {"hall": "Grand hall"}
    path = _file(house)._path
    assert await asyncio.to_thread(path.read_text) == text
    before = path.with_name("site.toml.before")
    assert await asyncio.to_thread(before.read_text) == TEXT
    assert problem(
        await ask(house, "PUT", "/v1/site", body=body), 409, "stale_revision", "revision"
    )
    _, audit = await ask(house, "GET", "/v1/audit")
    (act,) = audit["items"]
    assert (act["what"], act["on"]) == ("site_put", found["revision"])


async def test_every_error_of_a_put_is_told_with_its_line_and_nothing_changes(house: House) -> None:
    _, answer = await ask(house, "GET", "/v1/site")
    body = {"revision": answer["revision"], "text": BROKEN}

    status, found = await ask(house, "PUT", "/v1/site", body=body)

    assert (status, found["code"], found["field"]) == (422, "site_file_refused", "text")
    assert {(error["line"], error["key"]) for error in found["errors"]} == {
        (10, "space[0].capacity"),
        (14, "equipment[0].space"),
    }
    assert (await ask(house, "GET", "/v1/site"))[1] == answer


async def test_of_two_who_put_at_once_one_is_told_to_read_again(house: House) -> None:
    _, answer = await ask(house, "GET", "/v1/site")

    def put_name(name: str) -> Any:
        text = TEXT.replace("Great hall", name)
        return ask(house, "PUT", "/v1/site", body={"revision": answer["revision"], "text": text})

    found = await asyncio.gather(*(put_name(f"Hall {number}") for number in range(5)))

    assert sorted(status for status, _ in found) == [200, 409, 409, 409, 409]


async def a_draft(house: House, *changes: dict[str, Any]) -> tuple[int, Any]:
    _, answer = await ask(house, "GET", "/v1/site")
    body = {"revision": answer["revision"], "changes": changes}
    return await ask(house, "POST", "/v1/site/draft", body=body)


async def test_a_draft_shows_what_a_change_would_make_and_writes_nothing(house: House) -> None:
    change = {"table": "space", "id": "hall", "values": {"capacity": 200}}

    status, found = await a_draft(house, change, {"table": "site", "values": {"timezone": "UTC"}})

    msgspec.convert(found, SiteDraftAnswer)
    assert (status, found["errors"], found["needs_restart"]) == (200, [], ["site.timezone"]), found
    assert found["tables"]["space"][0]["capacity"] == 200
    assert "-capacity = 300\n+capacity = 200" in found["difference"]
    assert (await ask(house, "GET", "/v1/site"))[1]["text"] == TEXT


async def test_a_draft_tells_what_would_be_wrong_with_it(house: House) -> None:
    _, found = await a_draft(house, {"table": "space", "id": "hall", "remove": True})

    assert [(error["line"], error["key"]) for error in found["errors"]] == [
        (9, "equipment[0].space")
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"table": "spaces", "id": "hall", "values": {}}, "changes[0].table"),
        ({"table": "space", "id": "cellar", "remove": True}, "changes[0].id"),
        ({"table": "space", "id": "hall"}, "changes[0].values"),
        ({"table": "space", "remove": True}, "changes[0].remove"),
    ],
)
async def test_a_change_that_cannot_be_made_is_refused(
    house: House, change: dict[str, Any], field: str
) -> None:
    assert problem(await a_draft(house, change), 422, "invalid", field)


async def test_a_draft_of_another_revision_is_refused(house: House) -> None:
    body = {"revision": "0", "changes": []}

    assert problem(
        await ask(house, "POST", "/v1/site/draft", body=body), 409, "stale_revision", "revision"
    )


async def test_the_version_before_can_be_put_in_place_again(house: House) -> None:
    assert problem(await ask(house, "GET", "/v1/site/before"), 404, "not_found")
    _, draft = await a_draft(house, {"table": "space", "id": "hall", "values": {"name": "Other"}})
    body = {"revision": draft["revision"], "text": draft["text"]}
    await ask(house, "PUT", "/v1/site", body=body)

    _, before = await ask(house, "GET", "/v1/site/before")
    assert before["text"] == TEXT
    status, _ = await ask(
        house, "PUT", "/v1/site", body={"revision": before["revision"], "text": before["text"]}
    )

    assert (status, names(house)) == (200, {"hall": "Great hall"})


async def test_a_read_only_site_file_is_shown_and_never_written(house: House) -> None:
    _file(house).read_only = True
    _, answer = await ask(house, "GET", "/v1/site")
    body = {"revision": answer["revision"], "text": TEXT.replace("Great", "Grand")}

    assert not answer["writable"]
    assert problem(await ask(house, "PUT", "/v1/site", body=body), 409, "not_writable")
    assert await asyncio.to_thread(_file(house)._path.read_text) == TEXT


async def test_only_admins_see_the_site_file(house: House) -> None:
    assert problem(await ask(house, "GET", "/v1/site", "operator"), 403, "forbidden")
    assert problem(await ask(house, "PUT", "/v1/site", "operator", {}), 403, "forbidden")


async def test_what_cannot_change_is_known_by_name() -> None:
    old = config.Site.model_validate({"site": {"id": "museum"}})
    new = old.model_copy(
        update={
            "identity": old.identity.model_copy(update={"gateway": "other", "name": "New"}),
            "stores": old.stores.model_copy(update={"durability": "everysec"}),
        }
    )

    assert list(unchangeable(old, old)) == []
    assert list(unchangeable(old, new)) == ["site.gateway", "stores.durability"]
