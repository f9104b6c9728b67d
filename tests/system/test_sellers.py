"""What a seller writes with plain SQL is at the gate within a second, seen from outside."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from tests.system.gateways import Gateway, new_code

WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Change:
    """One thing a seller does, and what the gate says of the ticket before and after."""

    name: str
    statement: str
    before: str
    after: str


TICKET = "UPDATE composteur.ticket SET {} WHERE code = $1"
PRODUCT = (
    "UPDATE composteur.product SET {} WHERE id = (SELECT product FROM composteur.ticket"
    " WHERE code = $1)"
)
SESSION = "UPDATE composteur.session SET {} WHERE product = $1 || '-of'"
CHANGES = [
    Change("cancelled", TICKET.format("status = 'cancelled'"), "granted", "cancelled"),
    Change("put on hold", TICKET.format("status = 'on_hold'"), "granted", "on_hold"),
    Change("destroyed", TICKET.format("destroyed_at = now()"), "granted", "destroyed"),
    Change("product blocked", PRODUCT.format("blocked = true"), "granted", "blocked"),
    Change(
        "session moved to tomorrow",
        SESSION.format("starts_at = starts_at + interval '1 day', ends_at = NULL"),
        "granted",
        "too_early",
    ),
    Change("margins cut", PRODUCT.format("margin_before_s = 0"), "granted", "too_early"),
    Change("option confirmed", TICKET.format("status = 'active'"), "on_hold", "granted"),
    Change("paid later", TICKET.format("status = 'active'"), "unpaid", "granted"),
    Change(
        "option lapsed",
        TICKET.format("hold_until = now() - interval '1 s'"),
        "on_hold",
        "cancelled",
    ),
    Change(
        "replaced",
        TICKET.format("status = 'replaced', replaced_by = 'ANOTHER'"),
        "granted",
        "cancelled",
    ),
    Change("deleted", "DELETE FROM composteur.ticket WHERE code = $1", "granted", "cancelled"),
]


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run one gateway for the tests of this page."""
    gateway = Gateway(tmp_path_factory.mktemp("venue"))
    try:
        yield gateway.start().with_key()
    finally:
        gateway.end()


def _sql(gateway: Gateway, statement: str, *values: Any) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(gateway.run_file["postgres"])
        try:
            await connection.execute(statement, *values)
        finally:
            await connection.close()

    asyncio.run(run())


def _sell(gateway: Gateway, starts_in_s: int = 600, *, before_s: int = 1800) -> str:
    """Sell a ticket of a session that starts so soon, with half an hour before and 15 min after."""
    code = new_code()
    at = datetime.now(UTC) + timedelta(seconds=starts_in_s)
    _sql(
        gateway,
        "INSERT INTO composteur.product (id, margin_before_s, margin_after_s, margin_after_from)"
        f" VALUES ($1 || '-of', {before_s}, 900, 'start')",
        code,
    )
    _sql(
        gateway,
        "INSERT INTO composteur.session (id, product, starts_at)"
        " VALUES ($1 || '-at', $1 || '-of', $2)",
        code,
        at,
    )
    _sql(
        gateway,
        "INSERT INTO composteur.ticket (code, product, session) VALUES ($1, $1 || '-of',"
        " $1 || '-at')",
        code,
    )
    return code


def _becomes(gateway: Gateway, code: str, wanted: str) -> float:
    """Wait until a look at the ticket says so; return after how many seconds it did."""
    begun_at = time.monotonic()
    said = ""
    while time.monotonic() < begun_at + 5:
        said = gateway.decide(code, mode="check")
        if said == wanted:
            return time.monotonic() - begun_at
    raise AssertionError(f"{code} is {said}, not {wanted}, after 5 s")


def test_ticket_just_sold_is_valid_within_a_second(venue: Gateway) -> None:
    assert _becomes(venue, _sell(venue), "granted") < WITHIN_S


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_change_by_sql_is_at_the_gate_within_a_second(venue: Gateway, change: Change) -> None:
    code = _sell(venue)
    if change.before in {"on_hold", "unpaid"}:
        _sql(venue, TICKET.format(f"status = '{change.before}'"), code)
    _becomes(venue, code, change.before)

    _sql(venue, change.statement, code)

    assert _becomes(venue, code, change.after) < WITHIN_S


def test_more_persons_come_in_on_the_same_stamp(venue: Gateway) -> None:
    code = _sell(venue)
    _becomes(venue, code, "granted")
    assert venue.decide(code) == "granted"
    assert venue.decide(code) == "no_stamps_left"

    _sql(venue, TICKET.format("persons = 3"), code)

    assert _becomes(venue, code, "granted") < WITHIN_S
    _, answer = venue.scan(code, persons=2)
    assert (answer["decision"], answer["ticket"]["stamps"]["made"]) == ("granted", 1)


@pytest.mark.parametrize(
    ("starts_in_s", "said"),
    [(1_830, "too_early"), (1_790, "granted"), (-870, "granted"), (-905, "too_late")],
)
def test_session_opens_half_an_hour_before_and_closes_a_quarter_after_its_start(
    venue: Gateway, starts_in_s: int, said: str
) -> None:
    code = _sell(venue, starts_in_s)
    _becomes(venue, code, said)

    _, answer = venue.scan(code)
    _, ticket = venue.ask("GET", f"/v1/tickets/{code}")

    shown = answer["ticket"]["window"]
    assert shown == ticket["window"]
    assert [*map(datetime.fromisoformat, shown.values())] == _printed(venue, code)


def _printed(gateway: Gateway, code: str) -> list[datetime]:
    """Read the window that sellers print."""

    async def run() -> list[datetime]:
        connection = await asyncpg.connect(gateway.run_file["postgres"])
        try:
            row = await connection.fetchrow(
                "SELECT date_trunc('second', valid_from), date_trunc('second', valid_until)"
                " FROM composteur.ticket_window WHERE code = $1",
                code,
            )
        finally:
            await connection.close()
        assert row is not None
        return list(row)

    return asyncio.run(run())
