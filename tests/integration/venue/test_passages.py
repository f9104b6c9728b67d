"""A code read at a gate of ours, over a real broker, until its person is counted."""

import asyncio
import time
import uuid

from tests.integration.venue.floor import until
from tests.integration.venue.scene import Scene


async def test_a_code_opens_the_gate_and_its_person_is_counted_when_they_have_passed(
    scene: Scene,
) -> None:
    floor, gate = scene
    await floor.sell("TICKET")

    name = gate.scan("TICKET")
    release = await gate.released()

    assert release["direction"] == "entry"
    assert release["persons"] == 1
    assert await floor.inside() == (0, 1)
    decision = await gate.decided(name)
    assert decision["decision"] == "granted"
    assert decision["event"] == release["tx"]
    assert "holder" not in decision["ticket"]

    gate.report("passed", direction="entry", tx=release["tx"])

    await until(floor.inside_is(1, 0))
    assert await floor.made("TICKET") == 1
    await until(floor.attendance_is(1, 1))


async def test_a_passage_that_is_told_again_counts_once(scene: Scene) -> None:
    floor, gate = scene
    await floor.sell("TICKET")
    gate.scan("TICKET")
    release = await gate.released()

    told = gate.report("passed", direction="entry", tx=release["tx"])
    for _ in range(3):
        gate.report("passed", name=told, direction="entry", tx=release["tx"])

    await until(floor.attendance_is(1, 1))
    await floor.quiet()
    assert await floor.attendance() == (1, 1)
    assert await floor.inside() == (1, 0)


async def test_a_contact_that_bounces_under_other_names_counts_once(scene: Scene) -> None:
    floor, gate = scene
    await floor.sell("TICKET")
    gate.scan("TICKET")
    release = await gate.released()

    at = time.time()
    for _ in range(3):
        gate.report("passed", direction="entry", tx=release["tx"], ts=_instant(at))

    await until(floor.attendance_is(1, 1))
    await floor.quiet()
    assert await floor.attendance() == (1, 1)


async def test_nobody_passes_and_the_stamp_is_back_within_a_second_of_the_gates_word(
    scene: Scene,
) -> None:
    floor, gate = scene
    await floor.sell("TICKET")
    gate.scan("TICKET")
    release = await gate.released()
    assert await floor.made("TICKET") == 1

    gate.report("passage_timeout", direction="entry", tx=release["tx"])

    await until(floor.made_is("TICKET", 0), within_s=1)
    assert await floor.inside() == (0, 0)
    await floor.quiet()
    assert await floor.attendance() == (0, 0)
    assert [event.kind for event in await floor.events()] == ["a", "s"]


async def test_a_gate_that_says_nothing_gives_the_stamp_back_when_its_time_is_over(
    scene: Scene,
) -> None:
    floor, gate = scene  # open_s is 1
    await floor.sell("TICKET")
    gate.scan("TICKET")
    await gate.released()

    await until(floor.made_is("TICKET", 0), within_s=2)

    assert await floor.inside() == (0, 0)
    assert any(command["do"] == "revoke" for command in gate.told)


async def test_a_passage_after_the_annulment_still_counts(scene: Scene) -> None:
    floor, gate = scene
    await floor.sell("TICKET")
    gate.scan("TICKET")
    release = await gate.released()
    gate.report("passage_timeout", direction="entry", tx=release["tx"])
    await until(floor.made_is("TICKET", 0))

    gate.report("passed", direction="entry", tx=release["tx"])

    await until(floor.made_is("TICKET", 1))
    assert await floor.inside() == (1, 0)
    await until(floor.attendance_is(1, 1))


async def test_a_release_that_is_refused_annuls_at_once_and_the_third_is_a_fault(
    scene: Scene,
) -> None:
    floor, gate = scene
    await floor.sell("A", "B", "C")
    gate.acknowledges = lambda command: command["do"] != "release"

    for code in ("A", "B", "C"):
        gate.scan(code)
        await gate.released()
        await until(floor.made_is(code, 0), within_s=1)

    await until(lambda: floor.operations.panel.document("north")["state"] == "fault")
    assert any(alarm["kind"] == "release_failed" for alarm in floor.operations.alarms.documents())
    denied = await gate.decided(gate.scan("A"))
    assert denied["reason"] == "reader_out_of_service"


async def test_a_release_that_nobody_acknowledges_annuls_within_its_time(scene: Scene) -> None:
    floor, gate = scene
    await floor.sell("TICKET")
    gate.acknowledges = lambda command: None if command["do"] == "release" else True

    gate.scan("TICKET")
    await gate.released()

    await until(floor.made_is("TICKET", 0), within_s=1.5)


async def test_a_party_passes_one_by_one_under_its_grant(scene: Scene) -> None:
    floor, gate = scene
    await floor.sell("PARTY", persons=5)

    gate.scan("PARTY")
    passed = 0
    while passed < 5:
        release = await gate.released()
        for _ in range(release["persons"]):
            passed += 1
            await asyncio.sleep(0.06)  # further apart than a contact bounces
            gate.report("passed", direction="entry", tx=release["tx"])

    await until(floor.attendance_is(5, 1))
    assert await floor.inside() == (5, 0)
    assert await floor.made("PARTY") == 1


async def test_those_of_a_party_who_stay_away_are_given_back(scene: Scene) -> None:
    floor, gate = scene
    await floor.sell("PARTY", persons=5)
    gate.scan("PARTY")
    release = await gate.released()
    for _ in range(2):
        await asyncio.sleep(0.06)
        gate.report("passed", direction="entry", tx=release["tx"])
    await until(floor.inside_is(2, 3))

    gate.report("passage_timeout", direction="entry", tx=release["tx"])

    await until(floor.inside_is(2, 0))
    view = await floor.store.look("PARTY")
    assert view is not None
    assert (view.made, view.persons_left) == (1, 3)


async def test_a_code_told_twice_is_one_scan(scene: Scene) -> None:
    floor, gate = scene
    await floor.sell("TICKET")
    name = uuid.uuid4().hex

    gate.scan("TICKET", name=name)
    gate.scan("TICKET", name=name)
    release = await gate.released()
    gate.report("passed", direction="entry", tx=release["tx"])

    await until(floor.attendance_is(1, 1))
    await floor.quiet()
    assert sum(command["do"] == "release" for command in gate.told) == 1
    assert [event.kind for event in await floor.events()] == ["p", "s"]


async def test_the_same_code_meanwhile_gets_the_same_answer_and_no_second_release(
    scene: Scene,
) -> None:
    floor, gate = scene
    await floor.sell("TICKET", "OTHER")
    gate.scan("TICKET")
    release = await gate.released()

    again = await gate.decided(gate.scan("TICKET"))
    other = await gate.decided(gate.scan("OTHER"))

    assert (again["decision"], again["replayed"], again["event"]) == (
        "granted",
        True,
        release["tx"],
    )
    assert (other["decision"], other["reason"]) == ("denied", "lane_busy")
    assert other["event"] is not None
    assert sum(command["do"] == "release" for command in gate.told) == 1


async def test_a_passage_is_in_the_books_before_the_next_code(scene: Scene) -> None:
    floor, gate = scene
    codes = [f"TICKET{number}" for number in range(30)]
    await floor.sell(*codes)

    for code in codes:
        await gate.admit(code)  # the next code follows at once
        await asyncio.sleep(0.04)

    await until(floor.attendance_is(30, 30))
    assert await floor.inside() == (30, 0)


async def test_a_code_that_is_none_is_refused_without_the_store_and_written_down(
    scene: Scene,
) -> None:
    floor, gate = scene

    decision = await gate.decided(gate.scan("no\x07code"))

    assert (decision["decision"], decision["reason"]) == ("denied", "malformed_code")
    await until(floor.kinds_are(["s"]))
    (event,) = await floor.events()
    assert event.reason == "malformed_code"


async def test_who_leaves_is_counted_out(scene: Scene) -> None:
    floor, gate = scene
    await floor.sell("TICKET")
    await gate.admit("TICKET")
    await until(floor.inside_is(1, 0))

    await asyncio.sleep(0.06)
    await gate.admit("TICKET", "exit")

    await until(floor.inside_is(0, 0))


async def test_who_passes_without_a_grant_is_counted_and_told(scene: Scene) -> None:
    floor, gate = scene

    gate.report("passed", direction="entry")

    await until(floor.inside_is(1, 0))
    await until(
        lambda: any(
            alarm["kind"] == "unauthorized_passage" for alarm in floor.operations.alarms.documents()
        )
    )
    (event,) = await floor.events()
    assert event.kind == "t"


def _instant(at: float) -> str:
    whole, rest = divmod(int(at * 1000), 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{rest:03d}Z"
