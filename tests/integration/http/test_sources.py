"""pretix tells that an order has changed: it is fetched, and the gate knows."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from config import Source
from gateway.central.feed import Feed
from gateway.central.imports import Order, import_file
from gateway.central.imports.mapping import load
from gateway.venue.sources import Sources, SourceUnavailable
from gateway.venue.tasks import kept_going
from tests.integration.http.conftest import SITE, House
from tests.integration.http.shops import TOKEN, Shop, a_position, a_shop
from tests.integration.http.test_contract import ask
from tests.unit.http.calls import problem

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with a_shop() as shop:
        yield shop


@pytest.fixture
def source(shop: Shop, tmp_path: Path) -> Source:
    (tmp_path / "token").write_text(TOKEN + "\n")
    return Source(
        id="shop", url=shop.url, organizer="museum", events=("nuit",), token_file=tmp_path / "token"
    )


@pytest.fixture
async def selling(house: House, source: Source) -> AsyncIterator[House]:
    """The venue with its source, and the feed that carries what is written to the gate."""
    alarms = house.services.operations.alarms
    house.services.sources = Sources(
        house.central, lambda: [source], PARIS, house.store.now, alarms
    )
    feed = Feed(house.central, house.admin, SITE)
    async with kept_going(feed=feed.run):
        yield house


async def tell(house: House, code: str, **more: str) -> tuple[int, Any]:
    call = {
        "notification_id": 1,
        "organizer": "museum",
        "event": "nuit",
        "code": code,
        "action": "pretix.event.order.placed",
    }
    password = base64.b64encode(f"pretix:{house.keys['viewer']}".encode()).decode()
    response = await house.client.post(
        "/v1/sources/shop/pretix", json=call | more, headers={"Authorization": f"Basic {password}"}
    )
    return response.status, await response.json(content_type=None)


async def at_the_gate(house: House, code: str, status: str) -> dict[str, Any]:
    """Wait until the gate has a ticket with a status: within a second, but for a busy machine."""
    async with asyncio.timeout(10):
        while True:
            found, ticket = await ask(house, "GET", f"/v1/tickets/{code}")
            if found == 200 and ticket["status"] == status:
                return dict(ticket)
            await asyncio.sleep(0.02)


async def test_an_order_lives_at_the_gate_as_it_does_in_the_shop(
    selling: House, shop: Shop
) -> None:
    shop.sell("ABC23", a_position(1, "s-one"), a_position(2, "s-two", variation=11), status="n")
    assert await tell(selling, "ABC23") == (200, {"tickets": 2, "changed": 2})
    await at_the_gate(selling, "s-one", "unpaid")
    two = await at_the_gate(selling, "s-two", "unpaid")
    assert two["product"] == "Adult / Reduced"

    shop.orders["ABC23"]["status"] = "p"  # paid later
    assert await tell(selling, "ABC23", action="pretix.event.order.paid") == (
        200,
        {"tickets": 2, "changed": 2},
    )
    one = await at_the_gate(selling, "s-one", "active")
    assert one["window"]["from"] == "2026-12-24T20:00:00.000+01:00"

    shop.starts[8] = "2026-12-25T20:00:00+01:00"  # moved to another date
    shop.sell("ABC23", a_position(1, "s-one", subevent=8), a_position(2, "s-two"))
    await tell(selling, "ABC23", action="pretix.event.order.changed.subevent")
    async with asyncio.timeout(10):
        while True:
            _, one = await ask(selling, "GET", "/v1/tickets/s-one")
            if one["window"]["from"] == "2026-12-25T20:00:00.000+01:00":
                break
            await asyncio.sleep(0.02)

    shop.sell("ABC23", a_position(1, "s-new", subevent=8), a_position(2, "s-two", canceled=True))
    assert await tell(selling, "ABC23", action="pretix.event.order.changed.secret") == (
        200,
        {"tickets": 2, "changed": 3},
    )
    await at_the_gate(selling, "s-one", "cancelled")
    await at_the_gate(selling, "s-two", "cancelled")
    await at_the_gate(selling, "s-new", "active")

    del shop.orders["ABC23"]
    await tell(selling, "ABC23", action="pretix.event.order.deleted")
    await at_the_gate(selling, "s-new", "cancelled")


@pytest.mark.parametrize(
    ("order", "position", "status"),
    [
        ({"status": "n", "valid_if_pending": True}, {}, "active"),
        ({"status": "e"}, {}, "cancelled"),
        ({"status": "c"}, {}, "cancelled"),
        ({}, {"blocked": ["admin"]}, "blocked"),
    ],
)
async def test_each_state_of_an_order_is_one_of_ours(
    selling: House, shop: Shop, order: dict[str, Any], position: dict[str, Any], status: str
) -> None:
    shop.sell("ABC23", a_position(1, "s-one", **position), **order)
    await tell(selling, "ABC23")
    await at_the_gate(selling, "s-one", status)


async def test_the_same_message_again_changes_nothing(selling: House, shop: Shop) -> None:
    shop.sell("ABC23", a_position(1, "s-one"))
    await tell(selling, "ABC23")

    assert (
        await asyncio.gather(*(tell(selling, "ABC23") for _ in range(5)))
        == [(200, {"tickets": 1, "changed": 0})] * 5
    )


async def test_a_message_is_not_believed_and_what_is_not_ours_is_left_alone(
    selling: House, shop: Shop
) -> None:
    nothing = (200, {"tickets": 0, "changed": 0})
    assert await tell(selling, "NOONE") == nothing
    assert len(shop.asked) == 1
    assert await tell(selling, "ABC23", organizer="other") == nothing
    assert await tell(selling, "ABC23", event="other") == nothing
    assert await tell(selling, "ABC23", action="pretix.event.checkin") == nothing
    assert len(shop.asked) == 1
    assert problem(await tell(selling, "../items"), 422, "invalid", "code")
    shop.sell("TEST1", a_position(1, "s-test"), testmode=True)
    assert await tell(selling, "TEST1") == nothing


async def test_a_shop_that_does_not_answer_leaves_all_as_it_was_and_is_asked_again(
    selling: House, shop: Shop, source: Source
) -> None:
    shop.sell("ABC23", a_position(1, "s-one"))
    shop.failing = 500
    found = await tell(selling, "ABC23")
    assert problem(found, 503, "source_unavailable")
    assert found[1]["detail"] == "shop: answers HTTP 500."
    source.token_file.write_text("old")
    shop.failing = None
    found = await tell(selling, "ABC23")
    assert found[1]["detail"] == "shop: its token is not accepted (HTTP 401)."
    source.token_file.write_text(TOKEN)

    def alarm() -> tuple[str, bool]:
        (told,) = selling.services.operations.alarms.documents()
        return told["text"], told["active"]

    assert alarm() == ("shop: its token is not accepted (HTTP 401).", True)
    assert (await tell(selling, "ABC23"))[1]["changed"] == 1
    assert alarm() == ("shop: its token is not accepted (HTTP 401).", False)


async def test_an_order_that_cannot_be_kept_is_named_to_operators(
    selling: House, shop: Shop
) -> None:
    shop.sell("ABC23", a_position(1, "s-one", attendee_name="A" * 500))

    found = await tell(selling, "ABC23")

    assert problem(found, 422, "invalid", "holder")
    (alarm,) = selling.services.operations.alarms.documents()
    assert alarm["text"].startswith("shop: an order cannot be kept: holder: at most 400 bytes")


@pytest.mark.parametrize("header", [None, "Basic !", "Basic cHJldGl4Om5v", "Bearer no"])
async def test_without_a_key_nothing_is_asked(
    selling: House, shop: Shop, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = await selling.client.post("/v1/sources/shop/pretix", json={}, headers=headers)

    assert response.status == 401
    assert shop.asked == []


async def test_an_unknown_source_is_told(selling: House) -> None:
    call = {"organizer": "museum", "action": "pretix.event.order.paid"}
    found = await ask(selling, "POST", "/v1/sources/nobody/pretix", body=call)

    assert problem(found, 404, "unknown_source")


async def test_all_orders_are_fetched_page_by_page(
    selling: House, shop: Shop, source: Source
) -> None:
    for number in range(5):
        shop.sell(f"ABC2{number}", a_position(1, f"s-{number}"))
    sources = selling.services.sources
    assert sources is not None

    done = await sources.refresh_all(source, "nuit")

    assert (done.tickets, done.changed) == (5, 5)
    shop.sell("ABC20", a_position(1, "s-0", attendee_name="A" * 500))
    shop.sell("ABC24", a_position(1, "s-4", blocked=["admin"]))
    again = await sources.refresh_all(source, "nuit")
    assert (again.tickets, again.changed) == (4, 1)
    assert again.rejected == ("ABC20: holder: at most 400 bytes, without control characters",)
    shop.asked.clear()
    await sources.refresh_all(source, "nuit")
    assert shop.asked.count("/api/v1/organizers/museum/events/nuit/items/1/") == 1
    with pytest.raises(SourceUnavailable, match="no event other"):
        await sources.refresh_all(source, "other")


async def test_interface_and_export_name_the_same_tickets(
    selling: House, shop: Shop, source: Source, tmp_path: Path
) -> None:
    shop.sell("ABC23", a_position(1, "s-one", variation=11))
    await tell(selling, "ABC23")
    export = tmp_path / "orders.csv"
    export.write_text(
        "Event slug,Order code,Status,Email,Order date,Order time,Date,Start date,End date,"
        "Product,Variation,Attendee name,Ticket secret\n"
        "nuit,ABC23,paid,ada@example.org,2026-11-01,09:30:00,Night,2026-12-24 20:00:00,,"
        "Adult,Reduced,Ada,s-one\n"
    )
    order = Order(mapping=await asyncio.to_thread(load, "pretix"), zone=PARIS)

    imported = await import_file(selling.central, export, order)

    assert [(each.new, each.changed, each.same) for each in imported.tables] == [(0, 0, 1)] * 3
