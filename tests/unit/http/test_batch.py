"""Offline scans, uploaded when a handheld is back."""

import io
from typing import Any

import pytest

from gateway.people.roles import Role
from gateway.tickets.reasons import Reason
from tests.unit.http.calls import ask, problem
from tests.unit.http.conftest import Client
from tests.unit.http.doubles import BOUND, NOW, Venue, a_view

EARLIER = "2025-11-21T20:00:00+01:00"
LATER = "2025-11-21T19:30:00Z"


def offline(nonce: str, at: str = EARLIER, **facts: Any) -> dict[str, Any]:
    known = {"code": "TICKET", "nonce": nonce, "at": at, "decided": "granted"}
    return known | {"direction": "entry", "persons": 1} | facts


async def upload(
    client: Client, items: Any, *, name: str | None = "upload-1", who: Role | str = BOUND
) -> tuple[int, Any]:
    headers = {} if name is None else {"Idempotency-Key": name}
    return await ask(client, "POST", "/v1/scans/batch", who=who, json=items, headers=headers)


async def test_items_are_judged_by_time_and_answered_as_sent(client: Client, venue: Venue) -> None:
    venue.store.tickets["OTHER"] = a_view("OTHER")
    items = [offline("later", LATER), offline("earlier", code="OTHER")]

    status, answer = await upload(client, items)

    assert status == 200
    assert [item["nonce"] for item in answer["items"]] == ["later", "earlier"]
    assert [item["decision"] for item in answer["items"]] == ["granted", "granted"]
    judged = [call[1][3]["nonce"] for call in venue.store.calls if call[0] == "record"]
    assert judged == ["earlier", "later"]


async def test_claim_says_what_the_device_decided_and_when(client: Client, venue: Venue) -> None:
    await upload(client, [offline("n1", decided="denied", reason="too_late")])

    code, place, claim, facts = venue.store.calls[0][1]
    assert (code, place.reader, place.direction) == ("TICKET", "north-1", "entry")
    assert (claim.granted, claim.reason) == (False, Reason.TOO_LATE)
    assert claim.at == claim.device_at == 1_763_751_600_000
    assert facts == {"nonce": "n1", "persons": 1, "operator": "", "flags": "", "step": None}


@pytest.mark.parametrize("at", ["2025-10-20T10:00:00Z", "2026-01-01T10:00:00Z"])
async def test_time_that_cannot_be_believed_is_now(client: Client, venue: Venue, at: str) -> None:
    await upload(client, [offline("n1", at)])

    claim = venue.store.calls[0][1][2]
    assert claim.at == NOW
    assert claim.device_at != NOW


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"at": "2025-11-21T20:00:00"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"decided": "perhaps"}, "decided"),
        ({"colour": 1}, "colour"),
        ({"code": ""}, "code"),
        ({"persons": 0}, "persons"),
        ({"reason": "because"}, "reason"),
        ({"nonce": 7}, "nonce"),
    ],
)
async def test_invalid_item_is_told_apart_and_the_others_are_taken(
    client: Client, facts: dict[str, Any], field: str
) -> None:
    _, answer = await upload(client, [offline("bad") | facts, offline("good")])

    bad, good = answer["items"]
    assert set(bad) == {"nonce", "problem"}
    assert bad["nonce"] == (None if field == "nonce" else "bad")
    assert problem((422, bad["problem"]), 422, "invalid", field)
    assert good["decision"] == "granted"


async def test_item_that_is_no_object_is_told_apart(client: Client) -> None:
    _, answer = await upload(client, [7, offline("good")])

    assert answer["items"][0]["problem"]["status"] == 422
    assert answer["items"][1]["decision"] == "granted"


async def test_batch_needs_an_idempotency_key(client: Client) -> None:
    assert problem(await upload(client, [], name=None), 422, "invalid", "Idempotency-Key")


async def test_batch_needs_a_key_bound_to_a_reader(client: Client) -> None:
    assert problem(await upload(client, [], who=Role.SCANNER), 422, "invalid", "reader")


async def test_more_than_1000_items_are_413(client: Client) -> None:
    items = [offline(str(number)) for number in range(1001)]

    assert problem(await upload(client, items), 413, "too_large")


async def test_1000_items_are_taken(client: Client, venue: Venue) -> None:
    items = [offline(str(number), code=f"T{number}") for number in range(1000)]

    status, answer = await upload(client, items)

    assert (status, len(answer["items"])) == (200, 1000)
    assert len(venue.store.calls) == 1000


async def test_repeated_upload_answers_the_first_and_records_nothing(
    client: Client, venue: Venue
) -> None:
    first = await upload(client, [offline("n1")])
    again = await upload(client, [offline("n1")])

    assert again == first
    assert len(venue.store.calls) == 1


async def test_other_body_under_the_same_name_is_422(client: Client) -> None:
    await upload(client, [offline("n1")])

    found = await upload(client, [offline("n2")])

    assert problem(found, 422, "reused_key", "Idempotency-Key")


async def test_upload_that_is_still_running_is_409(client: Client, venue: Venue) -> None:
    await upload(client, [offline("n1")])
    ((name, _),) = venue.shelf.values.items()
    venue.shelf.values[name] = _marker_of(venue.shelf.values[name])

    assert problem(await upload(client, [offline("n1")]), 409, "still_running")


def _marker_of(kept: bytes) -> bytes:
    import msgspec  # noqa: PLC0415

    fingerprint = msgspec.msgpack.decode(kept)[0]
    return msgspec.msgpack.encode([fingerprint, 0, "", b""])


async def test_silent_store_fails_the_batch_as_a_whole_and_it_can_be_sent_again(
    client: Client, venue: Venue
) -> None:
    venue.store.silent = True
    assert problem(await upload(client, [offline("n1")]), 503, "store_unavailable")

    venue.store.silent = False

    assert (await upload(client, [offline("n1")]))[0] == 200


async def test_batch_over_a_mebibyte_is_413(client: Client) -> None:
    found = await ask(
        client,
        "POST",
        "/v1/scans/batch",
        who=BOUND,
        body=io.BytesIO(b" " * 1_048_577),
        headers={"Idempotency-Key": "k"},
    )

    assert problem(found, 413, "too_large")
