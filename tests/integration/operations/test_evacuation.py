"""Evacuations: nothing is locked or stamped, exits go on counting, people return by two steps."""

import asyncio
from typing import Any

import msgspec

from gateway.entitlements.admin import SpaceState
from gateway.http.schemas import AlarmList, SpaceAnswer, SpaceList
from tests.integration.entitlements.faults import a_valkey
from tests.integration.http.conftest import House
from tests.integration.http.test_contract import ask, put, scan
from tests.integration.operations.processes import a_process, until
from tests.unit.http.calls import problem


async def mode(house: House, space: str, mode: str, who: str = "operator") -> tuple[int, Any]:
    return await ask(house, "POST", f"/v1/spaces/{space}/mode", who, {"mode": mode})


async def acknowledge(house: House) -> tuple[int, Any]:
    return await ask(house, "POST", "/v1/evacuation/ack", "operator", {})


async def inside(house: House) -> dict[str, SpaceState]:
    return {state.id: state for state in await house.admin.spaces()}


async def test_nothing_is_locked_or_stamped_and_exits_go_on_counting(house: House) -> None:
    for code in ("IN", "OUT"):
        await put(house, code)
    assert (await scan(house, "IN"))["decision"] == "granted"
    lock = {"command": "lock"}
    assert (await ask(house, "POST", "/v1/equipment/door/command", "operator", lock))[0] == 200

    status, space = await mode(house, "hall", "evacuate")
    assert status == 200
    msgspec.convert(space, SpaceAnswer)
    assert (space["mode"], space["open"]) == ("evacuate", False)
    _, listed = await ask(house, "GET", "/v1/spaces", "viewer")
    assert [(each["id"], each["open"]) for each in listed["items"]][1] == ("vault", False)

    refused = await scan(house, "OUT")
    assert (refused["decision"], refused["reason"]) == ("denied", "evacuation")
    _, ticket = await ask(house, "GET", "/v1/tickets/OUT")
    assert ticket["stamps"]["made"] == 0, "nobody is stamped"
    for code in ("IN", "A-STRANGER"):
        assert (await scan(house, code, direction="exit"))["decision"] == "granted"
    assert (await inside(house))["hall"].inside == 0, "exits count; nobody is below zero"
    _, ticket = await ask(house, "GET", "/v1/tickets/IN")
    assert ticket["stamps"]["made"] == 1, "an exit takes no stamp"

    locked = await ask(house, "POST", "/v1/equipment/gate/command", "operator", lock)
    assert problem(locked, 409, "evacuating")
    assert problem(await mode(house, "hall", "locked"), 409, "evacuating")
    assert problem(await mode(house, "vault", "free"), 409, "evacuating")


async def test_return_only_after_clear_and_acknowledgement(house: House) -> None:
    await put(house, "T1", product="pass")
    await mode(house, "hall", "evacuate")

    found = await acknowledge(house)
    assert problem(found, 409, "evacuation_not_clear")
    assert "hall: nobody has set the space to normal" in found[1]["detail"]

    status, space = await mode(house, "hall", "normal")
    assert (status, space["mode"]) == (200, "evacuate"), "clear, but nobody has acknowledged"
    assert (await scan(house, "T1"))["reason"] == "evacuation"

    status, ended = await acknowledge(house)
    assert status == 200
    msgspec.convert(ended, SpaceList)
    assert [(space["id"], space["mode"]) for space in ended["items"]] == [("hall", "normal")]
    assert (await scan(house, "T1"))["decision"] == "granted"
    assert (await acknowledge(house))[1] == {"items": [], "next": None}


async def test_fire_input_evacuates_until_it_is_at_rest_and_people_agree(house: House) -> None:
    evacuation = house.services.operations.evacuation
    await put(house, "T1", product="pass")

    evacuation.fire("gate", "hall", active=True)
    async with asyncio.timeout(0.5):  # at once, not at the next look
        while (await inside(house))["hall"].mode != "evacuate":  # noqa: ASYNC110 - polled
            await asyncio.sleep(0.01)
    assert (await scan(house, "T1"))["reason"] == "evacuation"
    await mode(house, "hall", "normal")
    found = await acknowledge(house)
    assert problem(found, 409, "evacuation_not_clear")
    assert "hall: fire input of gate is active" in found[1]["detail"]

    evacuation.fire("gate", "hall", active=False)
    assert (await acknowledge(house))[0] == 200
    assert (await scan(house, "T1"))["decision"] == "granted"


async def test_it_is_alarm_and_audit(house: House) -> None:
    house.services.operations.evacuation.fire("gate", "hall", active=True)
    await mode(house, "hall", "evacuate")

    _, listed = await ask(house, "GET", "/v1/alarms", "operator")
    msgspec.convert(listed, AlarmList)
    (alarm,) = listed["items"]
    assert (alarm["id"], alarm["kind"], alarm["active"]) == ("evacuation.hall", "evacuation", True)
    assert alarm["text"] == "fire input of gate"

    house.services.operations.evacuation.fire("gate", "hall", active=False)
    await mode(house, "hall", "normal")
    await acknowledge(house)
    assert (await ask(house, "GET", "/v1/alarms", "operator"))[1]["items"] == []
    _, listed = await ask(house, "GET", "/v1/alarms?all=true", "operator")
    assert [(each["active"], each["acked_by"]) for each in listed["items"]] == [(False, "operator")]
    _, audit = await ask(house, "GET", "/v1/audit", "operator")
    assert [(act["who"], act["what"]) for act in reversed(audit["items"])] == [
        ("gate", "evacuate"),
        ("operator", "evacuate"),
        ("gate", "fire_input_clear"),
        ("operator", "evacuation_clear"),
        ("operator", "evacuation_ack"),
    ]


async def test_every_equipment_of_the_space_and_those_within_is_told(
    house: House, redis_url: str
) -> None:
    async with a_process(redis_url) as owner:
        told: list[tuple[str, bool]] = []
        owner.operations.evacuation.on_change(lambda name, holds: told.append((name, holds)))

        await mode(house, "vault", "evacuate")
        await until(lambda: told == [("safe", True)])
        await mode(house, "hall", "evacuate")
        await until(lambda: told[1:] == [("door", True), ("gate", True), ("steward", True)])
        assert owner.operations.evacuation.at("safe")

        told.clear()
        await mode(house, "vault", "normal")
        await mode(house, "hall", "normal")
        assert (await acknowledge(house))[0] == 200
        everywhere = ("door", "gate", "safe", "steward")
        await until(lambda: sorted(told) == [(name, False) for name in everywhere])


async def test_it_outlives_a_restart_of_everything_but_the_store(redis_url: str) -> None:
    async with a_process(redis_url, first=True) as one:
        one.operations.evacuation.fire("gate", "hall", active=True)
        await until(lambda: one.operations.evacuation.at("safe"))
        await one.operations.alarms.settled()

    async with a_process(redis_url, first=True) as later:
        evacuation = later.operations.evacuation
        await until(lambda: evacuation.at("door"))
        assert evacuation.not_clear() == [
            "hall: fire input of gate is active.",
            "hall: nobody has set the space to normal.",
        ]
        await until(lambda: "evacuation.hall" in _alarms(later.operations.alarms.documents()))
        later.operations.panel.attach("gate", _nothing)
        later.operations.panel.tell("gate", link="up", inputs={"fire": False})
        assert evacuation.not_clear() == ["hall: nobody has set the space to normal."]


async def test_it_holds_while_the_store_is_away_and_reaches_it_later() -> None:
    async with a_valkey() as valkey, a_process(valkey.url, first=True) as one:
        told: list[str] = []
        one.operations.evacuation.on_change(lambda name, _holds: told.append(name))
        valkey.kill()

        await one.operations.evacuation.begin("hall", "op")
        assert sorted(told) == ["door", "gate", "safe", "steward"]

        await until(lambda: not one.operations.bus.up)
        await until(lambda: one.operations.bus.up, within_s=20)
        async with asyncio.timeout(5):
            modes = "{museum}spaces"
            while await one.admin.client.hget(modes, "m:hall") != b"evacuate":  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_acknowledgement_that_the_store_has_not_heard_is_told_again() -> None:
    async with (
        a_valkey() as valkey,
        a_process(valkey.url, first=True) as first,
        a_process(valkey.url) as worker,
    ):
        evacuation = worker.operations.evacuation
        await evacuation.begin("hall", "op")
        await until(lambda: first.operations.evacuation.spaces == ["hall"])
        valkey.kill()
        await until(lambda: not worker.operations.bus.up)
        evacuation.clear("hall", "op")
        assert await evacuation.acknowledge("op") == ["hall"]

        await until(lambda: worker.operations.bus.up and first.operations.bus.up, within_s=20)
        await asyncio.sleep(3)

        assert first.operations.evacuation.spaces == []
        assert await worker.admin.client.hget("{museum}spaces", "m:hall") is None


async def test_space_evacuated_by_nobody_known_has_to_be_ended_by_people(
    house: House,
) -> None:
    await house.admin.set_mode("hall", "evacuate")

    await until(lambda: house.services.operations.evacuation.spaces == ["hall"])

    await mode(house, "hall", "normal")
    assert (await acknowledge(house))[0] == 200
    assert (await inside(house))["hall"].mode == "normal"


def _alarms(documents: list[dict[str, Any]]) -> list[str]:
    return [document["id"] for document in documents]


async def _nothing(_order: object) -> None:
    pass
