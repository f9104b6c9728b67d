"""Reports over HTTP: what each role sees, in every format, and a figure opened to its events."""

import asyncio
import csv
import io
from typing import Any
from urllib.parse import urlencode

import msgspec
import openpyxl
import pytest

from gateway.central.reports.tables import reports
from gateway.central.streamer import Streamer
from gateway.http.schemas import EventList, ReportAnswer, ReportList
from tests.integration.http.conftest import House
from tests.integration.http.test_contract import ask, put, scan
from tests.unit.http.calls import problem

COME = 3
REFUSED = 2


@pytest.fixture(scope="session", autouse=True)
def _reports_read() -> None:
    """Read the reports before a loop runs; a server reads them in a thread."""
    reports()


@pytest.fixture
async def venue(house: House, streaming: Streamer) -> House:
    """A day of the museum: three come, of whom one is called as a formula; two are refused."""
    for number in range(COME):
        await put(house, f"T{number}", holder="=1+1", order_ref="O-1")
        await scan(house, f"T{number}")
    for _ in range(REFUSED):
        await scan(house, "T0")
    async with asyncio.timeout(5):
        while streaming.counted < COME + REFUSED:  # noqa: ASYNC110 - it is polled
            await asyncio.sleep(0.02)
    return house


async def report(venue: House, name: str, who: str = "viewer", **given: str) -> Any:
    status, answer = await ask(venue, "GET", f"/v1/reports/{name}?{urlencode(given)}", who)
    assert status == 200, answer
    msgspec.convert(answer, ReportAnswer)
    return answer


async def test_stamps_of_today_add_up_and_open_to_their_events(venue: House) -> None:
    found = await report(venue, "stamps")
    (row,) = found["rows"]
    opens = found["opens"]
    given = {name: row[name] for name in opens["by"]} | opens["figures"]["stamps"]
    status, events = await ask(venue, "GET", f"{opens['path']}?{urlencode(given)}", "viewer")

    assert (row["product"], row["stamps"], row["entries"]) == ("day", COME, COME)
    assert found["totals"] == {"stamps": COME, "entries": COME}
    assert status == 200
    msgspec.convert(events, EventList)
    assert sum(event["counted_stamps"] for event in events["items"]) == COME
    assert {event["ticket_code"] for event in events["items"]} == {None}


async def test_a_row_that_does_not_tell_what_it_is_of_opens_nothing(venue: House) -> None:
    found = await report(venue, "stamps", columns="stamps")

    assert found["rows"] == [{"stamps": COME}]
    assert found["opens"]["figures"] == {}


async def test_events_are_paged_and_an_operator_sees_whose_they_are(venue: House) -> None:
    codes: list[str] = []
    path = "/v1/events?decision=denied&limit=1"
    after = ""
    while True:
        status, page = await ask(venue, "GET", path + after, "operator")
        assert status == 200
        codes += [event["ticket_code"] for event in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"

    assert codes == ["T0"] * REFUSED


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_csv_and_spreadsheet_are_files_with_the_figures(venue: House, language: str) -> None:
    path = f"/v1/reports/stamps?columns=product,stamps&language={language}&format="
    headers = venue.bearer("viewer") | {"Accept-Language": "de"}

    text = await venue.client.get(f"{path}csv", headers=headers)
    sheet = await venue.client.get(f"{path}xlsx", headers=headers)

    assert text.content_type == "text/csv"
    assert list(csv.reader(io.StringIO(await text.text(), newline=""))) == [
        ["product", "stamps"],
        ["day", f"{COME}"],
    ]
    assert 'filename="stamps-' in sheet.headers["Content-Disposition"]
    content = io.BytesIO(await sheet.read())
    book = await asyncio.to_thread(openpyxl.load_workbook, content)
    head, *lines = book[book.sheetnames[0]].values
    assert head[0] == {"en": "Product", "fr": "Produit"}[language]
    assert lines == [("day", COME), ("Total", COME)]


async def test_a_holder_named_as_a_formula_is_a_text(venue: House) -> None:
    path = "/v1/reports/ticket-stamps?columns=holder&format="

    text = await venue.client.get(f"{path}csv", headers=venue.bearer("operator"))
    sheet = await venue.client.get(f"{path}xlsx", headers=venue.bearer("operator"))

    assert (await text.text()).split("\r\n")[1:-1] == ["'=1+1"] * COME
    book = await asyncio.to_thread(openpyxl.load_workbook, io.BytesIO(await sheet.read()))
    assert {(cell.value, cell.data_type) for cell in book[book.sheetnames[0]]["A"][1:4]} == {
        ("=1+1", "s")
    }


async def test_who_somebody_is_needs_an_operator(venue: House) -> None:
    seen = await report(venue, "ticket-stamps")
    whole = await report(venue, "ticket-stamps", "operator")

    assert "holder" not in seen["columns"]
    assert "holder" in whole["columns"]
    for path, field in (
        ("/v1/reports/door-list", None),
        ("/v1/reports/ticket-stamps?columns=holder", "columns"),
        ("/v1/reports/ticket-stamps?order=O-1", "order"),
        ("/v1/events?code=T0", "code"),
    ):
        assert problem(await ask(venue, "GET", path, "viewer"), 403, "forbidden", field)
    assert (await venue.client.get("/v1/reports/stamps")).status == 401


async def test_a_list_says_how_it_goes_on(venue: House) -> None:
    codes: list[str] = []
    after: dict[str, str] | None = {}
    while after is not None:
        page = await report(venue, "ticket-stamps", "operator", limit="2", **after)
        codes += [row["code"] for row in page["rows"]]
        assert page["totals"]["tickets"] == COME
        after = page["next"] and {"after": page["next"]}

    assert codes == ["T0", "T1", "T2"]


async def test_what_is_not_right_is_named(venue: House) -> None:
    for path, field in (
        ("/v1/reports/stamps?from=yesterday", "from"),
        ("/v1/reports/stamps?columns=shoes", "columns"),
        ("/v1/reports/stamps?shoes=1", "shoes"),
        ("/v1/reports/stamps?format=pdf", "format"),
        ("/v1/reports/stamps?language=de", "language"),
        ("/v1/reports/stamps?site=nowhere", "site"),
        ("/v1/events?counted=shoes", "counted"),
        ("/v1/events?after=0-1-1", "after"),
        ("/v1/events?hour=now", "hour"),
    ):
        found = await ask(venue, "GET", path, "viewer")
        assert found[0] == 422, path
        assert found[1]["field"] == field
    assert problem(await ask(venue, "GET", "/v1/reports/shoes"), 404, "unknown_report")


async def test_the_list_names_what_each_role_may_see(house: House) -> None:
    seen = {}
    for who in "viewer", "operator":
        status, found = await ask(house, "GET", "/v1/reports", who)
        assert status == 200
        msgspec.convert(found, ReportList)
        seen[who] = {item["name"] for item in found["items"]}

    assert seen["operator"] - seen["viewer"] == {"door-list"}
    assert seen["operator"] == set(reports())
