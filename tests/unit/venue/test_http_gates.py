import asyncio
from typing import Any

import pytest

from gateway.entitlements.place import Place
from gateway.tickets.decision import Decision
from gateway.tickets.reasons import Reason
from gateway.venue.http_gates import HttpGates

HOLD_MS = 40


class Panel:
    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    def note(self, name: str, **facts: Any) -> None:
        self.facts = {**self.facts, **facts, "name": name}


@pytest.fixture
def panel() -> Panel:
    return Panel()


@pytest.fixture
def gates(panel: Panel) -> HttpGates:
    return HttpGates(panel, lambda: 1_000, str)


def a_place(hold_ms: int | None = HOLD_MS) -> Place:
    return Place("gate", "hall", ("hall",), "entry", hold_ms)


def a_decision(*, granted: bool = True, replayed: bool = False) -> Decision:
    return Decision(
        granted=granted,
        reason=None if granted else Reason.DESTROYED,
        event="1-1-0",
        replayed=replayed,
    )


async def test_gate_is_up_while_it_has_a_stream(gates: HttpGates, panel: Panel) -> None:
    gates.came("gate")
    assert panel.facts == {"name": "gate", "link": "up", "state": None}

    gates.came("gate")  # before its lost connection is found out
    gates.went("gate")
    assert panel.facts["link"] == "up"

    gates.went("gate")
    assert (panel.facts["link"], panel.facts["state"]) == ("down", "unknown")


async def test_gate_is_released_from_its_grant_until_it_tells(
    gates: HttpGates, panel: Panel
) -> None:
    gates.decided(a_place(), a_decision())
    assert panel.facts["state"] == "released"
    assert panel.facts["last_scan"] == {"at": "1000", "decision": "granted", "reason": None}

    gates.closed("gate")
    assert panel.facts["state"] is None


async def test_gate_that_never_tells_is_closed_with_its_grants_deadline(
    gates: HttpGates, panel: Panel
) -> None:
    gates.decided(a_place(), a_decision())
    await asyncio.sleep(HOLD_MS / 2000)
    gates.decided(a_place(), a_decision())
    await asyncio.sleep(HOLD_MS / 1300)
    assert panel.facts["state"] == "released"  # for the second grant

    await asyncio.sleep(HOLD_MS / 1000)
    assert panel.facts["state"] is None


@pytest.mark.parametrize(
    ("place", "decision"),
    [
        (a_place(), a_decision(granted=False)),
        (a_place(), a_decision(replayed=True)),
        (a_place(hold_ms=None), a_decision()),
    ],
)
async def test_what_opens_nothing_shows_the_last_scan_only(
    gates: HttpGates, panel: Panel, place: Place, decision: Decision
) -> None:
    gates.decided(place, decision)

    assert "state" not in panel.facts
    assert panel.facts["last_scan"]["decision"] == ("granted" if decision.granted else "denied")
