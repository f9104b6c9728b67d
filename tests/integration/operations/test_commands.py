"""What operators tell the equipment, over HTTP, whatever process has the wire."""

import asyncio
import time
from functools import partial
from typing import Any

import msgspec

from gateway.http.schemas import ActList, CommandAnswer, EquipmentList
from gateway.venue.equipment import GONE_MS, CannotFollow, NoAnswer
from tests.integration.http.conftest import House
from tests.integration.http.test_contract import ask, put, scan
from tests.integration.operations.processes import A_SITE, Device, SetStore, a_process, until
from tests.unit.http.calls import problem


async def command(house: House, name: str, act: str, who: str = "operator", **facts: Any) -> Any:
    return await ask(house, "POST", f"/v1/equipment/{name}/command", who, {"command": act} | facts)


async def test_equipment_is_listed_with_how_it_stands(house: House) -> None:
    panel = house.services.operations.panel
    panel.attach("gate", Device().obey)
    panel.tell("gate", link="up", state="idle", inputs={"fire": False}, battery=80)

    status, listed = await ask(house, "GET", "/v1/equipment", "viewer")

    assert status == 200
    msgspec.convert(listed, EquipmentList)
    door, gate, safe, steward = listed["items"]
    assert (door["id"], door["link"], door["commands"]) == (
        "door",
        "unknown",
        ["lock", "free", "normal"],
    )
    assert (gate["link"], gate["state"], gate["battery"]) == ("up", "idle", 80)
    assert gate["modes"] == {"entry": "normal", "exit": "normal"}
    assert gate["commands"] == ["open", "lock", "free", "normal", "test"]
    assert gate["since"]
    assert (safe["state"], safe["modes"]["exit"]) == ("unknown", None)
    assert (steward["opens"], gate["opens"]) == ("gate", None)


async def test_command_reaches_the_wire_of_another_process_and_its_answer_comes_back(
    house: House, redis_url: str
) -> None:
    async with a_process(redis_url) as owner:
        gate = Device()
        owner.operations.panel.attach("gate", gate.obey)
        owner.operations.panel.tell("gate", link="up", state="idle")
        now = house.store.now()

        status, answer = await command(house, "gate", "open", direction="exit")

        assert status == 200, answer
        msgspec.convert(answer, CommandAnswer)
        (order,) = gate.orders
        assert (order.act, order.directions, order.by) == ("open", ("exit",), "operator")
        assert now < order.not_after <= now + 1_500
        status, answer = await command(house, "gate", "lock")
        assert status == 200
        assert answer["equipment"]["modes"] == {"entry": "locked", "exit": "locked"}
        assert gate.orders[-1].directions == ("entry", "exit")
        assert owner.flags("gate") == "o"


async def test_gate_that_does_not_answer_is_a_503_within_its_second(house: House) -> None:
    gate = Device(silent=True)
    house.services.operations.panel.attach("gate", gate.obey)
    since = time.monotonic()

    found = await command(house, "gate", "open")

    assert problem(found, 503, "equipment_unreachable")
    assert 0.9 < time.monotonic() - since < 2.0


async def test_mode_stays_wanted_although_the_gate_cannot_be_told(house: House) -> None:
    found = await command(house, "gate", "lock")

    assert problem(found, 503, "equipment_unreachable")
    assert "as soon as it is back" in found[1]["detail"]
    _, listed = await ask(house, "GET", "/v1/equipment")
    assert listed["items"][1]["modes"] == {"entry": "locked", "exit": "locked"}


async def test_what_the_owner_says_of_a_failure_is_told(house: House) -> None:
    gate = Device(fails=CannotFollow("a bag check waits"))
    house.services.operations.panel.attach("gate", gate.obey)
    assert problem(await command(house, "gate", "open"), 409, "cannot_follow")

    gate.fails = NoAnswer("link down")
    found = await command(house, "gate", "open")
    assert problem(found, 503, "equipment_unreachable")
    assert found[1]["detail"] == "link down"


async def test_handheld_is_locked_and_freed_by_its_flags_and_cannot_be_opened(
    house: House,
) -> None:
    await put(house, "T1", product="pass")

    assert problem(await command(house, "door", "open"), 409, "cannot_follow")
    assert (await command(house, "door", "lock"))[0] == 200
    assert (await scan(house, "T1"))["reason"] == "reader_out_of_service"
    assert (await command(house, "door", "free", direction="entry"))[0] == 200
    assert (await scan(house, "WHOEVER"))["decision"] == "granted"
    assert (await scan(house, "T1", direction="exit"))["reason"] == "reader_out_of_service"
    assert (await command(house, "door", "normal"))[0] == 200
    assert (await scan(house, "T1"))["decision"] == "granted"


async def test_command_that_makes_no_sense_is_refused(house: House) -> None:
    assert problem(await command(house, "nowhere", "open"), 404, "unknown_equipment")
    assert problem(await command(house, "gate", "explode"), 422, "invalid", "command")
    assert problem(await command(house, "safe", "lock", direction="exit"), 409, "cannot_follow")
    assert problem(await command(house, "gate", "open", "scanner"), 403, "forbidden")


async def test_gate_that_cannot_be_reached_is_out_of_service_everywhere(
    house: House, redis_url: str
) -> None:
    await put(house, "T1", product="pass")
    async with a_process(redis_url) as owner:
        panel = owner.operations.panel
        panel.attach("gate", Device().obey)
        panel.tell("gate", link="up", state="idle")
        flags, place = house.services.operations.flags, house.services.readers["gate"].entry
        assert place is not None
        await until(lambda: not flags.of(place))

        panel.tell("gate", link="down")
        await until(lambda: flags.of(place) == "o")

        refused = await scan(house, "T1", "scanner", reader="gate")
        assert refused["reason"] == "reader_out_of_service"
        assert house.services.operations.degraded() == ["link_down"]
        panel.detach("gate")
        await until(lambda: not flags.of(place))


async def test_same_request_again_commands_once(house: House) -> None:
    gate = Device()
    house.services.operations.panel.attach("gate", gate.obey)
    headers = {"Idempotency_Key": "press-1"}
    path, body = "/v1/equipment/gate/command", {"command": "open"}

    first = await ask(house, "POST", path, "operator", body, **headers)
    again = await ask(house, "POST", path, "operator", body, **headers)

    assert first == again
    assert first[0] == 200
    assert len(gate.orders) == 1


async def test_acts_of_operators_are_in_the_audit_newest_first(house: House) -> None:
    await put(house, "T1", product="pass")
    await command(house, "door", "lock")
    await command(house, "gate", "open")
    await command(house, "door", "normal")
    await ask(
        house, "POST", "/v1/spaces/hall/count", "operator", {"direction": "entry", "persons": 2}
    )
    await ask(house, "POST", "/v1/spaces/vault/mode", "operator", {"mode": "locked"})
    await scan(house, "T1", "operator", reader="door", override={"reason": "the director"})
    await ask(house, "POST", "/v1/tickets/T1/undo", "operator", {"reason": "slip"})
    await ask(house, "POST", "/v1/tickets/T1/destroy", "operator")
    await ask(house, "POST", "/v1/keys", "admin", {"name": "new", "role": "viewer"})
    await ask(house, "DELETE", "/v1/keys/new", "admin")
    await scan(house, "T1", "door")
    await ask(house, "POST", "/v1/login", "viewer")

    status, listed = await ask(house, "GET", "/v1/audit", "operator")

    assert status == 200
    msgspec.convert(listed, ActList)
    acts = [(act["who"], act["what"], act["on"]) for act in reversed(listed["items"])]
    assert acts == [
        ("operator", "command", "door"),
        ("operator", "command", "gate"),
        ("operator", "command", "door"),
        ("operator", "count", "hall"),
        ("operator", "mode", "vault"),
        ("operator", "override", "T1"),
        ("operator", "undo", "T1"),
        ("operator", "destroy", "T1"),
        ("admin", "key_create", "new"),
        ("admin", "key_revoke", "new"),
        ("viewer", "login", None),
    ]
    assert listed["items"][-2]["details"] == {"command": "open", "acknowledged": False}
    _, page = await ask(house, "GET", "/v1/audit?limit=3", "operator")
    _, rest = await ask(house, "GET", f"/v1/audit?after={page['next']}", "operator")
    assert page["items"] + rest["items"] == listed["items"]
    assert problem(await ask(house, "GET", "/v1/audit", "scanner"), 403, "forbidden")
    assert problem(
        await ask(house, "GET", "/v1/audit?after=x", "operator"), 422, "invalid", "after"
    )


async def test_nobody_waits_for_an_answer_longer_than_its_message_lives(house: House) -> None:
    """A gate's owner that was frozen does not open it when it wakes up."""
    gate = Device()
    bus = house.services.operations.bus
    house.services.operations.panel.attach("gate", gate.obey)
    message = {"do": "command", "equipment": "gate", "act": "open", "directions": ["entry"]}
    late = bus.sealed({**message, "by": "op", "not_after": house.store.now() - 1})
    late["id"] = "from-another"

    await house.admin.client.publish(bus.channel, msgspec.json.encode(late))
    await asyncio.sleep(0.2)

    assert gate.orders == []


async def test_equipment_of_a_gateway_that_is_gone_stands_nobody_knows_how(
    redis_url: str,
) -> None:
    annex = A_SITE.model_copy(
        update={"controllers": (A_SITE.controllers[0].model_copy(update={"gateway": "annex"}),)}
    )
    identity = A_SITE.identity.model_copy(update={"gateway": "annex"})
    async with a_process(redis_url, annex) as here:
        async with a_process(redis_url, annex.model_copy(update={"identity": identity})) as there:
            there.operations.panel.attach("gate", Device().obey)
            there.operations.panel.tell("gate", link="up", state="idle")
            await until(lambda: here.operations.panel.document("gate")["link"] == "up")

        assert isinstance(here.store, SetStore)
        here.store.at = here.store.now() + GONE_MS + 3_000
        gone = here.operations.panel.document("gate")
        assert (gone["link"], gone["state"], gone["gateway"]) == ("unknown", "unknown", "annex")


async def test_equipment_that_left_the_site_file_is_forgotten(redis_url: str) -> None:
    async with a_process(redis_url) as one:
        one.operations.panel.attach("gate", Device().obey)
        one.operations.panel.tell("gate", link="up")
        one.operations.panel.attach("safe", Device().obey)
        await asyncio.sleep(0.5)
    smaller = A_SITE.model_copy(update={"equipment": A_SITE.equipment[:2]})

    async with a_process(redis_url, smaller) as later:
        async with asyncio.timeout(5):
            while await later.admin.client.hexists("{museum}equipment", "safe"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert await later.admin.client.hexists("{museum}equipment", "gate")


async def test_handheld_that_opens_a_gate_is_out_of_service_with_it_and_free_with_it(
    house: House, redis_url: str
) -> None:
    await put(house, "T1", product="pass")
    at_steward = partial(scan, house, who="scanner", reader="steward")
    gate = Device()
    async with a_process(redis_url) as owner:
        panel = owner.operations.panel
        panel.attach("gate", gate.obey)
        panel.tell("gate", link="up", state="idle")
        flags, place = house.services.operations.flags, house.services.readers["steward"].entry
        assert place is not None
        await until(lambda: not flags.of(place))

        await command(house, "gate", "lock")
        assert (await at_steward("T1"))["reason"] == "reader_out_of_service"
        await command(house, "gate", "free")
        assert (await at_steward("WHOEVER"))["decision"] == "granted"
        await command(house, "gate", "normal")
        panel.tell("gate", link="down")
        await until(lambda: flags.of(place) == "o")
        assert (await at_steward("T1"))["reason"] == "reader_out_of_service"
        panel.tell("gate", link="up", state="fault")
        await until(lambda: flags.of(place) == "o")
        panel.tell("gate", state="idle")
        await until(lambda: not flags.of(place))
        assert (await at_steward("T1"))["decision"] == "granted"
