"""Every documented problem, for every sort of bad input."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import DatabaseValueError
from gateway.people.identity import Key, digest
from gateway.people.keyring import READER_BURST
from gateway.people.roles import Role
from tests.unit.http.calls import ask, bearer, problem, scan
from tests.unit.http.conftest import Client
from tests.unit.http.doubles import BOUND, Venue

SCANS = "/v1/scans"


async def test_unknown_path_is_404(client: Client) -> None:
    assert problem(await ask(client, "GET", "/v1/nothing"), 404, "not_found")


async def test_wrong_method_is_405_and_names_the_right_ones(client: Client) -> None:
    response = await client.delete(SCANS, headers=bearer(Role.ADMIN))

    assert response.status == 405
    assert response.headers["Allow"] == "POST"
    assert response.content_type == "application/problem+json"
    assert (await response.json(content_type=None))["code"] == "method_not_allowed"


async def test_no_key_is_401(client: Client) -> None:
    response = await client.post(SCANS, json={"code": "TICKET"})

    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer nobody", "Bearer", "Basic eDp5", "", "Bearer  "])
async def test_bad_key_is_401(client: Client, header: str) -> None:
    found = await ask(
        client, "POST", SCANS, who=None, json={"code": "x"}, headers={"Authorization": header}
    )

    assert problem(found, 401, "unauthorized")


async def test_role_that_does_not_suffice_is_403(client: Client) -> None:
    assert problem(await scan(client, Role.VIEWER), 403, "forbidden")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"code":1',
        b'{"code":"\xff"}',
        b'{"nobody":"\xff"}',
        b'{"code":"a"} more',
        b"[" * 60_000,
        b'{"code":"\\ud800"}',
    ],
)
async def test_what_is_no_json_is_400(client: Client, body: bytes) -> None:
    assert problem(await ask(client, "POST", SCANS, body=body), 400, "malformed")


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "code"),
        ({"code": "x", "colour": 1}, "colour"),
        ({"code": "x", "persons": 0}, "persons"),
        ({"code": "x", "persons": 1.5}, "persons"),
        ({"code": "x", "persons": True}, "persons"),
        ({"code": "x", "persons": 10**30}, "persons"),
        ({"code": "x", "mode": "burn"}, "mode"),
        ({"code": "x", "direction": "up"}, "direction"),
        ({"code": "x", "nonce": "n" * 129}, "nonce"),
        ({"code": "x", "override": {}}, "override.reason"),
        ({"code": "x", "override": {"reason": "x", "by": "me"}}, "override.by"),
        ([], None),
        ("x", None),
        (None, None),
    ],
)
async def test_value_that_is_not_allowed_is_422_and_named(
    client: Client, document: object, field: str | None
) -> None:
    found = await ask(client, "POST", SCANS, json=document, body=None)
    if document is None:
        found = await ask(client, "POST", SCANS, body=b"null")

    assert problem(found, 422, "invalid", field)


async def test_body_over_the_limit_is_413(client: Client) -> None:
    body = b'{"code":"x","nonce":"' + b"n" * 65_536 + b'"}'

    assert problem(await ask(client, "POST", SCANS, body=body), 413, "too_large")


async def test_endless_body_is_413_too(client: Client) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 4096

    response = await client.post(SCANS, data=parts(), headers=bearer(Role.ADMIN))

    assert response.status == 413


async def test_key_bound_to_a_reader_is_limited_and_told_when_to_return(client: Client) -> None:
    body = {"code": "TICKET"}
    answers = [
        await client.post(SCANS, json=body, headers=bearer(BOUND))
        for _ in range(int(READER_BURST) + 150)
    ]

    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert {answer.headers["Retry-After"] for answer in refused} == {"1"}
    assert sum(answer.status == 200 for answer in answers) >= READER_BURST


async def test_what_nobody_expected_is_500_without_a_traceback(
    client: Client, venue: Venue
) -> None:
    def explode(_code: str) -> None:
        raise ZeroDivisionError("secret inside")

    venue.store.decide = explode  # type: ignore[assignment]

    status, document = await scan(client)

    assert problem((status, document), 500, "internal")
    assert "secret" not in str(document)


async def test_value_that_the_database_refuses_is_422(client: Client, venue: Venue) -> None:
    def refuse(_code: str) -> None:
        raise DatabaseValueError("persons", "at least 1")

    venue.store.decide = refuse  # type: ignore[assignment]

    assert problem(await scan(client), 422, "invalid", "persons")


async def test_known_keys_go_on_working_while_the_store_is_silent(
    client: Client, venue: Venue
) -> None:
    await scan(client)
    venue.store.silent = venue.shelf.silent = True

    assert (await scan(client, direction="exit"))[0] == 200


async def test_unknown_key_while_both_stores_are_silent_is_503(
    client: Client, venue: Venue
) -> None:
    venue.shelf.silent = True
    venue.rows.silent = True

    assert problem(await scan(client, "nobody"), 503, "store_unavailable")


async def test_key_that_the_store_lacks_is_found_in_the_database(
    client: Client, venue: Venue
) -> None:
    venue.rows.rows.append(Key("late", Role.SCANNER, digest("late")))

    assert (await scan(client, "late"))[0] == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
OPTIONAL = ("nonce", "reader", "direction", "mode", "persons", "override", "x")
FIELDS = st.fixed_dictionaries(
    {"code": JSON},
    optional=dict.fromkeys(
        ("nonce", "reader", "direction", "mode", "persons", "override", "x"), JSON
    ),
)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(document=FIELDS | JSON)
async def test_any_json_gets_a_decision_or_a_problem(client: Client, document: object) -> None:
    status, _ = found = await ask(client, "POST", SCANS, json=document)

    if status != 200:
        assert problem(found, status, found[1]["code"], found[1]["field"])
        assert status in {400, 403, 422}


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=st.binary(max_size=200))
async def test_any_bytes_get_a_problem(client: Client, body: bytes) -> None:
    status, _ = found = await ask(client, "POST", SCANS, body=body)

    assert status in {400, 422}
    assert problem(found, status, found[1]["code"], found[1]["field"])
