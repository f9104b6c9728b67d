"""Looking up, destroying, undoing, passages, spaces."""

from typing import Any

import pytest

from gateway.people.identity import Key, digest
from gateway.people.roles import Role
from tests.unit.http.calls import ask, problem
from tests.unit.http.conftest import Client
from tests.unit.http.doubles import BOUND, Venue, a_view, an_event


async def test_ticket_is_looked_up_by_what_a_person_types(client: Client, venue: Venue) -> None:
    venue.store.tickets["KRSXG5CTNVZA2"] = a_view("KRSXG5CTNVZA2")

    status, ticket = await ask(client, "GET", "/v1/tickets/krsx-g5ct-nvza-2", who=Role.SCANNER)

    assert (status, ticket["code"]) == (200, "KRSXG5CTNVZA2")


async def test_code_with_a_slash_is_one_path_segment(client: Client, venue: Venue) -> None:
    venue.store.tickets["A/B"] = a_view("A/B")

    assert (await ask(client, "GET", "/v1/tickets/A%2FB"))[1]["code"] == "A/B"


@pytest.mark.parametrize("code", ["NOBODY", "a%00b"])
async def test_unknown_ticket_is_404(client: Client, code: str) -> None:
    assert problem(await ask(client, "GET", f"/v1/tickets/{code}"), 404, "unknown_ticket")


async def test_loading_store_is_503(client: Client, venue: Venue) -> None:
    venue.store.silent = True

    assert problem(await ask(client, "GET", "/v1/tickets/TICKET"), 503, "store_unavailable")


async def test_destroy_needs_an_operator_or_the_right(client: Client, venue: Venue) -> None:
    venue.add_key(Key("burner", Role.SCANNER, digest("burn"), may=("destroy",)))
    path = "/v1/tickets/TICKET/destroy"

    assert problem(await ask(client, "POST", path, who=Role.SCANNER), 403, "forbidden")
    assert (await ask(client, "POST", path, who="burn"))[0] == 200
    status, act = await ask(client, "POST", path, who=Role.OPERATOR, json={"reason": "stolen"})
    assert (status, act["event"], act["ticket"]["code"]) == (200, "1-3-0", "TICKET")
    assert venue.store.calls[-1][1][1] == {"operator": "operator", "reason": "stolen"}


async def test_destroy_of_an_unknown_ticket_is_404(client: Client) -> None:
    assert problem(await ask(client, "POST", "/v1/tickets/NOBODY/destroy"), 404, "unknown_ticket")


async def test_undo_takes_the_last_stamp_or_the_one_named(client: Client, venue: Venue) -> None:
    venue.store.grants["1-7-0"] = an_event("1-7-0", ticket_code="TICKET")

    last = await ask(client, "POST", "/v1/tickets/TICKET/undo")
    named = await ask(client, "POST", "/v1/tickets/TICKET/undo", json={"event": "1-7-0"})

    assert last[1]["of"] == named[1]["of"] == "1-7-0"


async def test_undo_without_a_stamp_is_409(client: Client) -> None:
    assert problem(await ask(client, "POST", "/v1/tickets/TICKET/undo"), 409, "nothing_to_undo")


@pytest.mark.parametrize("event", ["1-9-0", "nonsense", ""])
async def test_undo_of_an_event_that_is_not_there_is_404(
    client: Client, venue: Venue, event: str
) -> None:
    venue.store.grants["1-7-0"] = an_event("1-7-0", ticket_code="OTHER")
    found = await ask(client, "POST", "/v1/tickets/TICKET/undo", json={"event": event or "1-7-0"})

    assert problem(found, 404, "unknown_event", None if event else "event")


async def test_passage_and_annul_settle_the_grant_of_the_own_reader(
    client: Client, venue: Venue
) -> None:
    venue.store.grants["1-7-0"] = an_event("1-7-0", ticket_code="TICKET")
    venue.store.grants["1-8-0"] = an_event("1-8-0", ticket_code="TICKET", reader="vault-1")
    body = {"persons": 2, "at": "2025-11-21T20:00:00Z"}

    status, act = await ask(client, "POST", "/v1/scans/1-7-0/passage", who=BOUND, json=body)
    foreign = await ask(client, "POST", "/v1/scans/1-8-0/annul", who=BOUND)

    assert (status, act["of"]) == (200, "1-7-0")
    assert venue.store.calls[1][1][1] == {"persons": 2, "at": 1_763_755_200_000}
    assert problem(foreign, 403, "forbidden")
    assert (await ask(client, "POST", "/v1/scans/1-8-0/annul", who=Role.SCANNER))[0] == 200


async def test_passage_of_an_unknown_event_is_404(client: Client) -> None:
    found = await ask(client, "POST", "/v1/scans/1-9-9/passage")

    assert problem(found, 404, "unknown_event")


@pytest.mark.parametrize("at", ["now", "2025-11-21T20:00:00"])
async def test_time_without_an_offset_is_422(client: Client, venue: Venue, at: str) -> None:
    venue.store.grants["1-7-0"] = an_event("1-7-0", ticket_code="TICKET")

    found = await ask(client, "POST", "/v1/scans/1-7-0/passage", json={"at": at})

    assert problem(found, 422, "invalid", "at")


async def test_history_without_the_database_is_partial(client: Client, venue: Venue) -> None:
    venue.admin.rows = [an_event("1-1-0", ticket_code="TICKET")]

    status, history = await ask(client, "GET", "/v1/tickets/TICKET/history")

    assert (status, history["partial"], history["next"]) == (200, True, None)
    assert history["items"][0]["kind"] == "scan"
    assert history["items"][0]["at"] == "2025-11-21T22:05:23.456+01:00"


@pytest.mark.parametrize(
    ("query", "field"),
    [("", "order"), ("?order=1&limit=0", "limit"), ("?order=1&limit=x", "limit"), ("?o=1", "o")],
)
async def test_search_that_cannot_be_is_422(client: Client, query: str, field: str) -> None:
    assert problem(await ask(client, "GET", f"/v1/tickets{query}"), 422, "invalid", field)


async def test_search_without_the_database_is_503(client: Client) -> None:
    found = await ask(client, "GET", "/v1/tickets?order=1")

    assert problem(found, 503, "database_unavailable")


# --- spaces


async def test_spaces_tell_who_is_inside(client: Client, venue: Venue) -> None:
    venue.admin.inside["hall"] = 12

    status, spaces = await ask(client, "GET", "/v1/spaces", who=Role.VIEWER)

    assert status == 200
    assert spaces == {
        "items": [
            {
                "id": "hall",
                "name": "Great hall",
                "parent": None,
                "open": True,
                "mode": "normal",
                "capacity": 300,
                "inside": 12,
                "reserved": 0,
            },
            {
                "id": "vault",
                "name": "Vault",
                "parent": "hall",
                "open": True,
                "mode": "normal",
                "capacity": None,
                "inside": 0,
                "reserved": 0,
            },
        ],
        "next": None,
    }


async def test_locked_space_is_not_open(client: Client) -> None:
    status, space = await ask(
        client, "POST", "/v1/spaces/hall/mode", who=Role.OPERATOR, json={"mode": "locked"}
    )

    assert (status, space["mode"], space["open"]) == (200, "locked", False)


async def test_count_names_the_whole_chain(client: Client, venue: Venue) -> None:
    body = {"direction": "entry", "persons": 30, "reason": "school class"}

    status, act = await ask(client, "POST", "/v1/spaces/vault/count", json=body)

    assert (status, act["event"]) == (200, "1-4-0")
    assert venue.store.calls[0][1][0].chain == ("vault", "hall")


@pytest.mark.parametrize(
    ("path", "body"),
    [("mode", {"mode": "locked"}), ("count", {"direction": "entry", "persons": 1})],
)
async def test_unknown_space_is_404(client: Client, path: str, body: dict[str, Any]) -> None:
    found = await ask(client, "POST", f"/v1/spaces/moon/{path}", json=body)

    assert problem(found, 404, "unknown_space")
