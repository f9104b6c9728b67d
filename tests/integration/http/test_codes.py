"""Codes that prove themselves, on real stores: keys made, rotated, revoked; each step once."""

import asyncio
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from config import Site
from gateway.central.code_keys import CodeKeyTable
from gateway.entitlements.admin import SpaceFacts
from gateway.entitlements.code_keys import CodeKeyShelf
from gateway.tickets.codes import rotating, signed
from gateway.tickets.codes.keys import Kind
from gateway.venue.code_desk import CodeDesk, NoSuchKey
from gateway.venue.printing import CannotSign, Wanted, to_print
from loadtest.client import Place, Requests
from loadtest.generator import Generator
from loadtest.schedule import poisson
from loadtest.storm import scans
from tests.integration.http.conftest import SITE, House, a_house

REFERENCE = "ABCDEFGHIJKLMNOPQRSTUVWXY2"
FIRST = 0x41
SIGNING = (Kind.MAC, Kind.ED25519)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def sold(number: int) -> str:
    """The reference of one of many tickets."""
    return REFERENCE[:22] + "".join(chr(FIRST + number // 26**place % 26) for place in range(4))


@dataclass
class Desk:
    """A house whose keys of codes are made and ended, and whose door reads codes."""

    house: House
    keys: CodeDesk

    async def scan(self, code: str, **facts: Any) -> dict[str, Any]:
        answer = await self.house.client.post(
            "/v1/scans", json={"code": code} | facts, headers=self.house.bearer("door")
        )
        assert answer.status == 200, await answer.text()
        found: dict[str, Any] = await answer.json()
        return found

    async def reason(self, code: str, **facts: Any) -> str:
        found = await self.scan(code, **facts)
        return str(found["reason"] or found["decision"])

    async def sell(self, *references: str, product: str = "day") -> None:
        lines = "".join(f'{{"code": "{each}", "product": "{product}"}}\n' for each in references)
        answer = await self.house.client.post(
            "/v1/tickets",
            data=lines,
            headers=self.house.bearer("admin") | {"Content-Type": "application/x-ndjson"},
        )
        assert answer.status == 200, await answer.text()

    async def told(self) -> None:
        """Have the gateway know what the desk knows."""
        await self.house.services.operations.codes.look()


def desk_of(house: House) -> Desk:
    rows, shelf = CodeKeyTable(house.central, SITE), CodeKeyShelf(house.admin)
    return Desk(house, CodeDesk(rows, shelf, now_ms, secrets.token_bytes))


@pytest.fixture
def desk(house: House) -> Desk:
    return desk_of(house)


def changed(code: str) -> str:
    return code[:-1] + ("0" if code[-1] != "0" else "1")


@pytest.mark.parametrize("kind", SIGNING)
async def test_signed_code_is_let_in_once_and_so_is_its_reference(desk: Desk, kind: Kind) -> None:
    await desk.sell(REFERENCE)
    key = await desk.keys.create(kind)

    code = signed.sign(key, signed.Claim(REFERENCE))

    assert await desk.reason(code) == "granted"
    assert await desk.reason(code) == "no_stamps_left"
    assert await desk.reason(REFERENCE) == "no_stamps_left"


@pytest.mark.parametrize("kind", SIGNING)
async def test_changed_code_has_a_bad_signature_and_stamps_nothing(desk: Desk, kind: Kind) -> None:
    await desk.sell(REFERENCE)
    key = await desk.keys.create(kind)

    assert await desk.reason(changed(signed.sign(key, signed.Claim(REFERENCE)))) == "bad_signature"
    assert await desk.reason(REFERENCE) == "granted"


async def test_first_code_of_a_new_key_is_known_at_once(desk: Desk) -> None:
    await desk.sell(REFERENCE)
    await desk.keys.create(Kind.MAC)
    await desk.told()
    newer = await desk.keys.rotate(Kind.MAC)

    assert await desk.reason(signed.sign(newer, signed.Claim(REFERENCE))) == "granted"


async def test_code_of_a_revoked_key_says_when_it_was_revoked(desk: Desk) -> None:
    await desk.sell(REFERENCE)
    key = await desk.keys.create(Kind.MAC)
    code = signed.sign(key, signed.Claim(REFERENCE))
    await desk.keys.revoke(key.id)
    await desk.told()

    found = await desk.scan(code)

    assert found["reason"] == "bad_signature"
    assert "withdrawn with its key" in found["message"]


async def test_code_of_a_retired_key_holds_until_its_day(desk: Desk) -> None:
    await desk.sell(sold(1), sold(2))
    key = await desk.keys.create(Kind.MAC)
    codes = [signed.sign(key, signed.Claim(sold(number))) for number in (1, 2)]
    await desk.keys.rotate(Kind.MAC, now_ms() + 60_000)
    await desk.told()
    assert await desk.reason(codes[0]) == "granted"

    await desk.house.central.execute("sites.register", SITE)
    async with desk.house.central.acquire() as connection:
        await connection.execute("UPDATE composteur.code_key SET retires_at = now() WHERE id = 1")
    await desk.keys.mirror()
    await desk.told()

    assert await desk.reason(codes[1]) == "bad_signature"


async def test_key_that_never_was_cannot_be_revoked(desk: Desk) -> None:
    with pytest.raises(NoSuchKey):
        await desk.keys.revoke(7)


RATE = 1_000.0


@pytest.mark.parametrize(
    "lasts_s", [0.3, pytest.param(20.0, marks=pytest.mark.soak, id="twenty seconds")]
)
async def test_no_valid_ticket_is_refused_at_1000_scans_a_second_while_keys_are_rotated(
    desk: Desk, lasts_s: float
) -> None:
    references = [sold(number) for number in range(int(RATE * lasts_s * 1.2) + 50)]
    await desk.house.admin.configure_spaces([SpaceFacts("hall", None, None)])
    for chunk in itertools.batched(references, 5000):
        await desk.sell(*chunk)
    newest = await desk.keys.create(Kind.MAC)
    place = Place.of(str(desk.house.client.make_url("/")).rstrip("/"))
    requests = Requests(place, desk.house.keys["scanner"])
    codes = (signed.sign(newest, signed.Claim(reference)) for reference in references)
    visitors = Generator(
        place, scans(requests, codes, reader="door", check=False), connections=32
    ).open_loop(poisson(RATE, seed=1, lasts_s=lasts_s))

    rotated = 0
    running = asyncio.create_task(visitors)
    while not running.done():
        newest = await desk.keys.rotate(Kind.MAC, now_ms() + 60_000)
        rotated += 1
        await asyncio.sleep(0.1)
    outcome = await running

    assert outcome.outcomes == {"granted": outcome.sent}, outcome.examples
    assert outcome.sent > RATE * lasts_s / 2
    assert rotated > 1


@pytest.fixture
async def rotates(desk: Desk) -> Callable[[int], str]:
    """Write the code of the ticket at some seconds from now."""
    await desk.sell(REFERENCE, product="five")
    key = await desk.keys.create(Kind.ROTATING)
    now = now_ms()
    return lambda seconds: rotating.code_at(key, REFERENCE, now + seconds * 1000)


async def test_step_of_a_rotating_code_is_good_once(
    desk: Desk, rotates: Callable[[int], str]
) -> None:
    assert await desk.reason(rotates(0)) == "granted"
    assert await desk.reason(rotates(0)) == "stale_code"
    assert await desk.reason(rotates(rotating.STEP_S)) == "granted"


async def test_screenshot_is_refused_after_its_step_and_says_when_it_was_shown(
    desk: Desk, rotates: Callable[[int], str]
) -> None:
    found = await desk.scan(rotates(-5 * rotating.STEP_S))

    assert found["reason"] == "stale_code"
    assert await desk.reason(rotates(0)) == "granted"


@pytest.mark.parametrize("off_s", [-40, 40])
async def test_device_whose_clock_is_off_by_forty_seconds_gets_in(
    desk: Desk, rotates: Callable[[int], str], off_s: int
) -> None:
    assert await desk.reason(rotates(off_s)) == "granted"


async def test_repeated_scan_of_a_rotating_code_is_the_same_event(
    desk: Desk, rotates: Callable[[int], str]
) -> None:
    first = await desk.scan(rotates(0), nonce="n1")
    again = await desk.scan(rotates(0), nonce="n1")

    assert (again["event"], again["replayed"]) == (first["event"], True)


async def test_offline_scan_of_a_signed_code_is_read_as_of_its_time(desk: Desk) -> None:
    await desk.sell(REFERENCE)
    key = await desk.keys.create(Kind.ED25519)
    code = signed.sign(key, signed.Claim(REFERENCE))

    answer = await desk.house.client.post(
        "/v1/scans/batch",
        json=[
            {
                "code": code,
                "nonce": "n1",
                "at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - 60)),
                "decided": "granted",
            }
        ],
        headers=desk.house.bearer("door") | {"Idempotency-Key": "one"},
    )
    [found] = (await answer.json())["items"]

    assert found["decision"] == "granted"
    assert await desk.reason(code) == "no_stamps_left"


async def test_store_that_lost_its_keys_gets_them_back(desk: Desk) -> None:
    await desk.sell(REFERENCE)
    key = await desk.keys.create(Kind.MAC)
    await desk.house.admin.client.delete(desk.house.admin.key("code_keys"))

    await desk.keys.mirror()

    _, kept = await CodeKeyShelf(desk.house.admin).read()
    assert kept == [key]


async def test_what_is_printed_is_let_in(desk: Desk) -> None:
    await desk.sell(sold(1), sold(2))
    await desk.sell(sold(3), product="five")
    await desk.keys.create(Kind.MAC)

    found = await to_print(
        desk.house.central, await desk.keys.list(), Kind.MAC, Wanted(product="day"), now_ms()
    )

    assert [each.reference for each in found] == [sold(1), sold(2)]
    assert {await desk.reason(each.code) for each in found} == {"granted"}


async def test_nothing_is_printed_without_a_key(desk: Desk) -> None:
    await desk.sell(sold(1))

    with pytest.raises(CannotSign, match="composteur codes key create"):
        await to_print(desk.house.central, [], Kind.MAC, Wanted(codes=[sold(1)]), now_ms())


@pytest.fixture
async def strict(redis_url: str, database_url: str) -> AsyncIterator[Desk]:
    """A door that takes rotating codes only."""
    spaces = [{"id": "hall"}]
    door = {"id": "door", "space": "hall", "direction": "both", "accepts": "rotating"}
    named = {"id": SITE, "name": "Museum", "timezone": "Europe/Paris"}
    site = Site.model_validate({"site": named, "space": spaces, "equipment": [door]})
    async with a_house(redis_url, database_url, site=site) as house:
        await house.sell(
            "UPDATE composteur.site SET epoch = 1",
            "INSERT INTO composteur.product (id, label) VALUES ('day', 'Day')",
        )
        await house.admin.put_products(await house.central.fetch("feed.products", ["day"], [1]))
        yield desk_of(house)


async def test_copied_reference_is_stale_where_only_rotating_codes_are_taken(strict: Desk) -> None:
    await strict.sell(REFERENCE)
    key = await strict.keys.create(Kind.ROTATING)

    assert await strict.reason(REFERENCE) == "stale_code"
    assert await strict.reason(rotating.code_at(key, REFERENCE, now_ms())) == "granted"
    assert await strict.reason(REFERENCE, direction="exit") == "granted"


async def test_operator_s_offline_scan_of_a_reference_is_taken_as_a_live_one_is(
    strict: Desk,
) -> None:
    await strict.sell(REFERENCE)
    key = {"name": "chief", "role": "operator", "reader": "door"}
    made = await strict.house.client.post(
        "/v1/keys", json=key, headers=strict.house.bearer("admin")
    )
    at = datetime.now(UTC).isoformat()
    scan = {"code": REFERENCE, "nonce": "n1", "at": at, "decided": "granted", "direction": "entry"}

    answer = await strict.house.client.post(
        "/v1/scans/batch",
        json=[scan],
        headers={
            "Authorization": f"Bearer {(await made.json())['key']}",
            "Idempotency-Key": "b1",
        },
    )

    assert [each["conflict"] for each in (await answer.json())["items"]] == [None]


async def test_operator_who_types_the_reference_lets_its_ticket_in(strict: Desk) -> None:
    await strict.sell(REFERENCE)

    answer = await strict.house.client.post(
        "/v1/scans",
        json={"code": REFERENCE, "reader": "door"},
        headers=strict.house.bearer("operator"),
    )

    assert (await answer.json())["decision"] == "granted"
