"""What a scan means: its place, its answer, its refusals (DESIGN 7)."""

import msgspec
import pytest
from msgspec import structs

from gateway.http.scans import PATIENCE_MS
from gateway.http.schemas import ScanAnswer
from gateway.people.identity import Key, digest
from gateway.people.roles import Role
from gateway.tickets.decision import Conflict
from tests.unit.http.calls import ask, problem, scan
from tests.unit.http.conftest import Client
from tests.unit.http.doubles import BOUND, NOW, Venue, a_decision, a_view


async def test_granted_scan_has_the_whole_answer(client: Client) -> None:
    status, answer = await scan(client, nonce="n1")

    assert status == 200
    assert answer == {
        "decision": "granted",
        "reason": None,
        "message": "en: welcome",
        "event": "1-1-0",
        "replayed": False,
        "degraded": False,
        "conflict": None,
        "attention": False,
        "ticket": {
            "code": "TICKET",
            "product": "day",
            "session": None,
            "label": "Day ticket",
            "audience": "individual",
            "holder": "Ada Lovelace",
            "persons": 1,
            "persons_left": 0,
            "status": "active",
            "hold_until": None,
            "replaced_by": None,
            "destroyed_at": None,
            "window": {
                "from": "2025-11-21T05:40:00.000+01:00",
                "until": "2025-11-22T09:26:40.000+01:00",
            },
            "windows": [
                {
                    "from": "2025-11-21T05:40:00.000+01:00",
                    "until": "2025-11-22T09:26:40.000+01:00",
                }
            ],
            "stamps": {
                "made": 1,
                "allowed": 1,
                "first_at": "2025-11-21T22:05:23.456+01:00",
                "first_reader": "north-1",
                "last_at": "2025-11-21T22:05:23.456+01:00",
                "last_reader": "north-1",
            },
            "inside": "hall",
        },
    }


async def test_answer_is_what_the_document_promises(client: Client) -> None:
    answer = (await scan(client))[1]

    msgspec.convert(answer, ScanAnswer)


async def test_refusal_is_a_200_with_its_reason(client: Client) -> None:
    status, answer = await scan(client, code="NOBODY")

    assert (status, answer["decision"], answer["reason"]) == (200, "denied", "unknown_ticket")
    assert answer["ticket"] is None
    assert answer["event"] == "1-1-0"


async def test_conflict_is_told(client: Client, venue: Venue) -> None:
    conflict = Conflict("no_stamps_left", "1-9-0", "south-1", NOW)
    venue.store.decide = lambda _code: structs.replace(a_decision(view=a_view()), conflict=conflict)

    answer = (await scan(client))[1]

    assert answer["conflict"] == {
        "reason": "no_stamps_left",
        "with": "1-9-0",
        "reader": "south-1",
        "at": "2025-11-21T22:05:23.456+01:00",
    }


async def test_store_is_asked_once_with_all_that_matters(client: Client, venue: Venue) -> None:
    await scan(client, nonce="n1", persons=2, mode="check")

    ((name, (code, place, facts)),) = venue.store.calls
    assert (name, code, place.reader, place.direction) == ("scan", "TICKET", "north-1", "entry")
    assert facts == {
        "check": True,
        "nonce": "n1",
        "persons": 2,
        "operator": "scanner",
        "override": None,
        "patience_ms": PATIENCE_MS,
        "flags": "",
        "step": None,
    }


async def test_typed_code_is_made_canonical(client: Client, venue: Venue) -> None:
    await scan(client, code=" krsx-g5ct-nvza-2 ")

    assert venue.store.calls[0][1][0] == "KRSXG5CTNVZA2"


# --- the place


async def test_bound_key_needs_no_reader(client: Client, venue: Venue) -> None:
    status, _ = await ask(client, "POST", "/v1/scans", who=BOUND, json={"code": "TICKET"})

    assert status == 200
    assert venue.store.calls[0][1][1].reader == "north-1"
    assert venue.store.calls[0][1][2]["operator"] == ""


async def test_bound_key_cannot_scan_elsewhere(client: Client) -> None:
    assert problem(await scan(client, BOUND, reader="vault-1"), 403, "forbidden", "reader")


async def test_bound_key_of_a_reader_that_is_gone_is_told_so(client: Client, venue: Venue) -> None:
    venue.add_key(Key("old", Role.SCANNER, digest("old"), reader="gone-1"))

    found = await ask(client, "POST", "/v1/scans", who="old", json={"code": "TICKET"})

    assert problem(found, 422, "invalid", "reader")


@pytest.mark.parametrize("reader", [None, "nowhere"])
async def test_unbound_key_needs_a_known_reader(client: Client, reader: str | None) -> None:
    assert problem(await scan(client, reader=reader), 422, "invalid", "reader")


async def test_direction_defaults_to_entry_and_can_be_exit(client: Client, venue: Venue) -> None:
    await scan(client)
    await scan(client, direction="exit")

    assert [call[1][1].direction for call in venue.store.calls] == ["entry", "exit"]


async def test_direction_that_the_reader_does_not_serve_is_invalid(client: Client) -> None:
    found = await scan(client, reader="vault-1", direction="exit")

    assert problem(found, 422, "invalid", "direction")


# --- the code


@pytest.mark.parametrize("code", ["a\x00b", " ", "\r\n", "tab\tinside"])
async def test_malformed_code_is_a_decision(client: Client, venue: Venue, code: str) -> None:
    status, answer = await scan(client, code=code)

    assert (status, answer["reason"]) == (200, "malformed_code")
    assert venue.store.calls[0][0] == "malformed"


async def test_check_of_a_malformed_code_makes_no_event(client: Client, venue: Venue) -> None:
    _, answer = await scan(client, code="a\x00b", mode="check")

    assert (answer["reason"], answer["event"]) == ("malformed_code", None)
    assert venue.store.calls == []


@pytest.mark.parametrize("code", ["", "x" * 513, "é" * 257, 7, None, ["TICKET"]])
async def test_what_is_no_code_is_invalid(client: Client, code: object) -> None:
    assert problem(await scan(client, code=code), 422, "invalid", "code")


async def test_code_of_512_bytes_is_a_scan(client: Client) -> None:
    assert (await scan(client, code="é" * 256))[0] == 200


# --- overrides


async def test_override_needs_an_operator(client: Client) -> None:
    found = await scan(client, override={"reason": "let them in"})

    assert problem(found, 403, "forbidden", "override")


async def test_override_of_an_operator_reaches_the_store_with_its_name(
    client: Client, venue: Venue
) -> None:
    await scan(client, Role.OPERATOR, override={"reason": "late train"})

    facts = venue.store.calls[0][1][2]
    assert (facts["override"], facts["operator"]) == ("late train", "operator")


@pytest.mark.parametrize("reason", ["", "tab\there", "x" * 501])
async def test_override_reason_is_one_line(client: Client, reason: str) -> None:
    found = await scan(client, Role.OPERATOR, override={"reason": reason})

    assert problem(found, 422, "invalid", "override.reason")


# --- what only operators see


@pytest.mark.parametrize(("who", "seen"), [(Role.SCANNER, None), (Role.OPERATOR, "NEW")])
async def test_code_of_the_new_ticket_is_for_operators(
    client: Client, venue: Venue, who: Role, seen: str | None
) -> None:
    venue.store.tickets["TICKET"] = a_view(status="replaced", replaced_by="NEW")

    assert (await scan(client, who))[1]["ticket"]["replaced_by"] == seen


# --- languages


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("it, de;q=0.5", "de"),
        ("it", "en"),
        ("es;q=0.1, fr;q=0.7", "fr"),
        ("fr;q=x, es;q=0.2", "es"),
    ],
)
async def test_message_is_in_the_callers_language(
    client: Client, header: str | None, language: str
) -> None:
    headers = {} if header is None else {"Accept-Language": header}

    status, answer = await ask(
        client,
        "POST",
        "/v1/scans",
        json={"code": "TICKET", "reader": "north-1"},
        headers=headers,
    )

    assert (status, answer["message"]) == (200, f"{language}: welcome")


# --- a silent store


async def test_entry_while_the_store_is_silent_is_503(client: Client, venue: Venue) -> None:
    venue.store.silent = True

    assert problem(await scan(client), 503, "store_unavailable")
    assert venue.later.scans == []


@pytest.mark.parametrize("direction", ["entry", "exit"])
async def test_malformed_code_needs_no_store(client: Client, venue: Venue, direction: str) -> None:
    venue.store.silent = True

    status, answer = await scan(client, code="a\x00b", direction=direction)

    assert (status, answer["reason"], answer["event"]) == (200, "malformed_code", None)
    assert answer["degraded"] is True


async def test_exit_while_the_store_is_silent_opens_and_is_kept_for_later(
    client: Client, venue: Venue
) -> None:
    venue.store.silent = True

    status, answer = await scan(client, direction="exit", nonce="n1")

    assert (status, answer["decision"], answer["degraded"]) == (200, "granted", True)
    assert (answer["event"], answer["ticket"]) == (None, None)
    (kept,) = venue.later.scans
    assert (kept.code, kept.nonce, kept.at, kept.place.direction) == ("TICKET", "n1", NOW, "exit")


async def test_checked_exit_of_a_silent_store_is_not_kept(client: Client, venue: Venue) -> None:
    venue.store.silent = True

    assert (await scan(client, direction="exit", mode="check"))[1]["degraded"] is True
    assert venue.later.scans == []


# --- the connection


async def test_answer_of_the_hot_path_has_the_security_headers(client: Client) -> None:
    response = await client.post(
        "/v1/scans",
        json={"code": "TICKET", "reader": "north-1"},
        headers={"Authorization": "Bearer secret-of-the-scanner"},
    )

    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Type"] == "application/json"
    assert "Date" in response.headers


async def test_connection_that_asks_to_close_is_closed(client: Client) -> None:
    response = await client.post(
        "/v1/scans",
        json={"code": "TICKET", "reader": "north-1"},
        headers={"Authorization": "Bearer secret-of-the-scanner", "Connection": "close"},
    )

    assert response.status == 200
    assert response.headers["Connection"] == "close"
    assert (await response.json())["decision"] == "granted"


async def test_scans_are_counted_by_decision(client: Client) -> None:
    await scan(client)
    await scan(client, code="NOBODY")

    figures = await (await client.get("/metrics")).text()

    assert 'composteur_scans_total{decision="granted",reason=""} 1.0' in figures
    assert 'composteur_scans_total{decision="denied",reason="unknown_ticket"} 1.0' in figures
    assert "composteur_scan_seconds_count 2.0" in figures
