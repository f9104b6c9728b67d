"""Who wants out gets out: what refuses an entry does not keep anybody in (DESIGN 4)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.http.conftest import House
from tests.integration.http.test_contract import ask, put, scan

_NOW = datetime.now(UTC)
_AN_HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"status": "unpaid"}, "unpaid"),
        ({"status": "on_hold"}, "on_hold"),
        ({"status": "on_hold", "hold_until": (_NOW - _AN_HOUR).isoformat()}, "cancelled"),
        ({"status": "cancelled"}, "cancelled"),
        ({"status": "replaced", "replaced_by": "T2"}, "cancelled"),
        ({"status": "blocked"}, "blocked"),
        ({"destroyed_at": (_NOW - _AN_HOUR).isoformat()}, "destroyed"),
        ({"form_required": True}, "form_missing"),
        ({"valid_from": (_NOW + _AN_HOUR).isoformat()}, "too_early"),
        ({"valid_until": (_NOW - _AN_HOUR).isoformat()}, "too_late"),
        ({"spaces": ["vault"]}, "wrong_space"),
    ],
)
async def test_ticket_that_is_refused_at_the_entry_opens_the_exit(
    house: House, columns: dict[str, Any], reason: str
) -> None:
    await put(house, "T1", **columns)

    entry = await scan(house, "T1")
    leaving = await scan(house, "T1", direction="exit")

    assert entry["reason"] == reason
    assert (leaving["decision"], leaving["reason"]) == ("granted", None)
    assert leaving["ticket"]["stamps"]["made"] == 0


async def test_used_ticket_opens_the_exit_again_and_again(house: House) -> None:
    await put(house, "T1")
    await scan(house, "T1")

    assert (await scan(house, "T1"))["reason"] == "no_stamps_left"
    for _ in range(3):
        assert (await scan(house, "T1", direction="exit"))["decision"] == "granted"


@pytest.mark.parametrize(
    ("mode", "reason"), [("locked", "space_closed"), ("evacuate", "evacuation")]
)
async def test_space_that_lets_nobody_in_lets_everybody_out(
    house: House, mode: str, reason: str
) -> None:
    await put(house, "T1")
    await ask(house, "POST", "/v1/spaces/hall/mode", "operator", {"mode": mode})

    assert (await scan(house, "T1"))["reason"] == reason
    assert (await scan(house, "T1", direction="exit"))["decision"] == "granted"


async def test_in_an_evacuation_an_unknown_ticket_opens_too_and_one_that_is_none_does_not(
    house: House,
) -> None:
    before = await scan(house, "NOBODY", direction="exit")
    await ask(house, "POST", "/v1/spaces/hall/mode", "operator", {"mode": "evacuate"})
    after = await scan(house, "NOBODY", direction="exit")

    assert before["reason"] == "unknown_ticket"
    assert (after["decision"], after["ticket"]) == ("granted", None)


async def test_exit_opens_while_the_store_is_loading(house: House) -> None:
    await house.admin.set_phase("loading")

    leaving = await scan(house, "NOBODY", direction="exit")

    assert (leaving["decision"], leaving["degraded"]) == ("granted", True)
