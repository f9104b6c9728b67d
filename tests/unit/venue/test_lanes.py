"""Lanes: what a wire tells, what a machine asks for, and what the books get."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from msgspec import structs

from drivers.commands import Ping, Pulse, Release, Revoke, SetMode, ShowDecision
from drivers.signals import (
    CodeRead,
    GateEvent,
    GateEventType,
    InputChanged,
    LinkChanged,
    StateRead,
)
from gateway.venue.admitting import Admitting
from gateway.venue.boards import Boards
from gateway.venue.equipment import CannotFollow, NoAnswer, Order
from gateway.venue.machines import machine_of
from tests.unit.venue.lane_doubles import (
    GRANTED,
    FakeLink,
    FakeWire,
    NoBus,
    World,
    a_gate,
    a_site,
    releases,
    soon,
)

PASSAGE = 'count_on = "passage"\nopen_s = 0.2'


@dataclass
class Venue:
    world: World
    boards: Boards
    wire: FakeWire

    def link(self, name: str = "north") -> FakeLink:
        return self.wire.links[name]

    def order(self, act: str, name: str = "north") -> Order:
        return Order("act-1", name, act, ("entry", "exit"), "anna", 0)  # type: ignore[arg-type]

    async def obey(self, act: str, name: str = "north") -> None:
        await self.world.panel.obeys[name](self.order(act, name))


@asynccontextmanager
async def a_venue(
    *tables: str, world: World | None = None, wire: FakeWire | None = None
) -> AsyncIterator[Venue]:
    world, wire = world or World(), wire or FakeWire()
    boards = Boards({"mqtt": wire}, world.needs(), machine_of, Admitting(NoBus()), None)
    async with boards.running(a_site(*tables)):
        await soon(lambda: all(link.runs for link in wire.made))
        yield Venue(world, boards, wire)


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    async with a_venue(a_gate(keys=PASSAGE)) as made:
        yield made


# --- codes


async def test_the_gate_opens_before_it_is_told_what_to_show(venue: Venue) -> None:
    venue.link().read("north", "TICKET")

    await soon(lambda: venue.link().commands(ShowDecision))

    assert [type(each) for each in venue.link().commands(Release, ShowDecision)] == [
        Release,
        ShowDecision,
    ]


async def test_a_passage_is_committed_under_its_grant(venue: Venue) -> None:
    venue.link().read("north", "TICKET")
    await soon(lambda: releases(venue.link()))
    (release,) = releases(venue.link())

    venue.link().passed("north", release.tx)

    await soon(lambda: venue.world.store.acts)
    assert venue.world.store.acts == [("passage", release.tx, 1)]


async def test_nobody_passes_and_the_timer_gives_the_grant_back(venue: Venue) -> None:
    venue.link().read("north", "TICKET")
    await soon(lambda: releases(venue.link()))

    await soon(lambda: venue.world.store.acts)

    assert venue.world.store.acts[0][0] == "annul"
    assert venue.link().commands(Revoke)


async def test_a_refusal_is_shown_and_opens_nothing(venue: Venue) -> None:
    refused = structs.replace(GRANTED, granted=False, reason="unknown_ticket")
    venue.world.store.answers["TICKET"] = refused

    venue.link().read("north", "TICKET")

    await soon(lambda: venue.link().commands(ShowDecision))
    (shown,) = venue.link().commands(ShowDecision)
    assert isinstance(shown, ShowDecision)
    assert (shown.id, shown.document["reason"]) == ("TICKET", "unknown_ticket")
    assert not releases(venue.link())
    assert venue.world.panel.facts["north"]["last_scan"]["reason"] == "unknown_ticket"
    assert venue.world.scanned == ["unknown_ticket"]


async def test_a_replayed_answer_opens_nothing_again(venue: Venue) -> None:
    venue.world.store.answers["TICKET"] = structs.replace(GRANTED, replayed=True)

    venue.link().read("north", "TICKET")

    await soon(lambda: venue.link().commands(ShowDecision))
    assert not releases(venue.link())


async def test_a_code_of_one_direction_does_not_wait_for_the_other(venue: Venue) -> None:
    venue.link().read("north", "IN", "entry")
    venue.link().read("north", "OUT", "exit")

    await soon(lambda: len(venue.world.store.scans) == 2)

    assert [place.direction for _, place, _ in venue.world.store.scans] == ["entry", "exit"]


async def test_a_reader_that_names_no_direction_has_its_first(venue: Venue) -> None:
    venue.link().tell(CodeRead("north", "TICKET", "1"))

    await soon(lambda: venue.world.store.scans)

    assert venue.world.store.scans[0][1].direction == "entry"


async def test_more_codes_than_anybody_waits_for_are_dropped(venue: Venue) -> None:
    for number in range(100):
        venue.link().read("north", f"TICKET{number}")

    await soon(lambda: venue.link().commands(ShowDecision))
    await asyncio.sleep(0.05)

    assert len(venue.world.scanned) < 100


@pytest.mark.parametrize("code", ["", "\x00", "\ud800", "x" * 513])
async def test_what_is_no_code_is_refused_at_once_and_noted(venue: Venue, code: str) -> None:
    venue.link().read("north", code, id="1")

    (shown,) = venue.link().commands(ShowDecision)
    assert isinstance(shown, ShowDecision)
    assert shown.document["reason"] == "malformed_code"
    await soon(lambda: venue.world.store.acts == [("malformed", "north")])


# --- the store is silent


@pytest.mark.parametrize(
    ("direction", "flags", "reason"),
    [
        ("entry", "", "store_unavailable"),
        ("exit", "", None),
        ("exit", "c", None),
        ("exit", "o", "reader_out_of_service"),
        ("entry", "c", "space_closed"),
        ("entry", "co", "reader_out_of_service"),
        ("entry", "f", None),
    ],
)
async def test_a_gate_decides_by_itself(
    venue: Venue, direction: str, flags: str, reason: str | None
) -> None:
    venue.world.store.silent = True
    venue.world.flags.flags = flags

    venue.link().read("north", "TICKET", direction)  # type: ignore[arg-type]

    await soon(lambda: venue.link().commands(ShowDecision))
    (shown,) = venue.link().commands(ShowDecision)
    assert isinstance(shown, ShowDecision)
    assert (shown.document["reason"], shown.document["degraded"]) == (reason, True)
    kept = reason is None and "f" not in flags
    assert [scan.code for scan in venue.world.late.scans] == ["TICKET"] * kept
    assert len(releases(venue.link())) == kept


async def test_a_gate_that_admits_keeps_whom_it_let_in_for_later() -> None:
    async with a_venue(a_gate(keys=f'{PASSAGE}\nlocal_policy = "admit"')) as venue:
        venue.world.store.silent = True

        venue.link().read("north", "TICKET")

        await soon(lambda: releases(venue.link()))
        (scan,) = venue.world.late.scans
        assert (scan.code, scan.nonce) == ("TICKET", "TICKET")
        venue.link().passed("north", releases(venue.link())[0].tx)
        await asyncio.sleep(0.01)
        assert not venue.world.store.acts  # the record counts them


async def test_a_passage_of_somebody_admitted_in_an_earlier_life_is_not_counted_again() -> None:
    async with a_venue(a_gate(keys=f'{PASSAGE}\nlocal_policy = "admit"')) as venue:
        venue.link().passed("north", "local-TICKET")  # told again, as a gate does after our restart
        venue.link().passed("north", "unknown")

        await soon(lambda: venue.world.store.acts)
        await asyncio.sleep(0.01)
        assert len(venue.world.store.acts) == 1


# --- a gate that counts at the grant


async def test_the_same_code_at_a_gate_that_lets_it_in_gets_the_same_answer() -> None:
    async with a_venue(a_gate()) as venue:
        venue.link().read("north", "TICKET", id="1")
        await soon(lambda: releases(venue.link()))

        venue.link().read("north", "TICKET", id="2")
        venue.link().read("north", "OTHER", id="3")

        await soon(lambda: len(venue.link().commands(ShowDecision)) == 3)
        shown = [each.document for each in venue.link().commands() if hasattr(each, "document")]
        assert [(each["decision"], each["replayed"], each["reason"]) for each in shown] == [
            ("granted", False, None),
            ("granted", True, None),
            ("denied", False, "lane_busy"),
        ]
        assert shown[1]["event"] == releases(venue.link())[0].tx
        assert len(venue.world.store.scans) == 1
        assert len(releases(venue.link())) == 1


# --- what devices tell


async def test_a_gates_own_word_of_a_held_door_is_an_alarm_until_it_is_over(venue: Venue) -> None:
    venue.link().tell(GateEvent("north", GateEventType.HELD_OPEN, "1"))
    assert "held_open" in venue.world.alarms.raised

    venue.link().tell(GateEvent("north", GateEventType.CLEARED, "2"))
    assert "held_open" not in venue.world.alarms.raised


@pytest.mark.parametrize(("known", "direction"), [(True, "exit"), (False, "entry")])
async def test_who_passes_in_a_direction_that_the_gate_does_not_name_is_counted(
    venue: Venue, known: bool, direction: str
) -> None:
    tx = None
    if known:
        venue.link().read("north", "TICKET", "exit")
        await soon(lambda: releases(venue.link()))
        tx = releases(venue.link())[0].tx

    venue.link().tell(GateEvent("north", GateEventType.PASSED, "1", None, tx))

    await soon(lambda: venue.world.store.acts)
    (act,) = venue.world.store.acts
    assert act[:2] == (("passage", tx) if known else ("count", direction))


async def test_a_fire_input_is_told_as_it_stands(venue: Venue) -> None:
    venue.link().tell(StateRead("north", inputs={"fire": True}))
    venue.link().tell(InputChanged("north", "fire", value=False))

    assert venue.world.fires == [("north", True), ("north", False)]
    assert venue.world.panel.facts["north"]["inputs"] == {"fire": False}


async def test_a_state_shows_counters_and_battery(venue: Venue) -> None:
    venue.link().tell(StateRead("north", counters={"entry": 7}, battery=12))

    facts = venue.world.panel.facts["north"]
    assert facts["counters"] == {"entry": 7, "exit": None}
    assert facts["battery"] == 12
    assert "battery_low" in venue.world.alarms.raised


async def test_a_link_that_goes_and_comes_is_shown_and_told_once(venue: Venue) -> None:
    venue.link().tell(LinkChanged("north", up=False, why="unplugged"))
    assert venue.world.panel.facts["north"]["link"] == "down"
    assert venue.world.panel.facts["north"]["state"] == "unknown"
    assert "link_down" in venue.world.alarms.raised

    venue.link().tell(LinkChanged("north", up=True))
    assert venue.world.panel.facts["north"]["link"] == "up"
    assert venue.world.panel.facts["north"]["state"] == "idle"
    assert not venue.world.alarms.raised


# --- people


async def test_an_operator_opens_and_whoever_passes_is_counted(venue: Venue) -> None:
    await venue.obey("open")

    (release,) = releases(venue.link())
    venue.link().passed("north", release.tx)

    await soon(lambda: venue.world.store.acts)
    assert venue.world.store.acts == [("count", "entry", 1, "opened by operator")]


async def test_a_gate_that_does_not_acknowledge_is_told_to_the_operator(venue: Venue) -> None:
    venue.link().refuses = "jammed"

    with pytest.raises(NoAnswer, match="jammed"):
        await venue.obey("test")


async def test_an_order_to_a_gate_out_of_reach_fails_at_once(venue: Venue) -> None:
    venue.link().tell(LinkChanged("north", up=False))

    with pytest.raises(NoAnswer):
        await venue.obey("open")


async def test_a_gate_in_use_is_not_opened_for_somebody_else(venue: Venue) -> None:
    venue.link().read("north", "TICKET")
    await soon(lambda: releases(venue.link()))

    with pytest.raises(CannotFollow):
        await venue.obey("open")


async def test_a_test_asks_the_device_whether_it_is_there(venue: Venue) -> None:
    await venue.obey("test")

    assert venue.link().commands(Ping)


async def test_a_mode_is_set_at_the_device_and_waited_for(venue: Venue) -> None:
    venue.link().sent.clear()
    venue.boards.set_mode("north", "entry", "locked")
    await venue.obey("lock")

    assert SetMode("entry", "locked") in venue.link().commands(SetMode)
    assert venue.world.panel.facts["north"]["state"] == "locked"


async def test_modes_and_evacuations_from_before_hold_from_the_start() -> None:
    world = World(modes={("north", "exit"): "locked"}, evacuated={"south"})

    async with a_venue(a_gate("north"), a_gate("south"), world=world) as venue:
        assert SetMode("exit", "locked") in venue.link().commands(SetMode)
        assert SetMode("entry", "free") in venue.link("south").commands(SetMode)
        assert world.panel.facts["south"]["state"] == "evacuation"


async def test_an_evacuation_opens_and_is_over_when_it_is_said(venue: Venue) -> None:
    venue.boards.evacuate("north", True)
    assert SetMode("exit", "free") in venue.link().commands(SetMode)

    venue.link().sent.clear()
    venue.boards.evacuate("north", False)
    assert SetMode("exit", "normal") in venue.link().commands(SetMode)


async def test_a_bag_check_waits_for_the_steward_who_opens() -> None:
    world = World(dice=0.0)
    async with a_venue(a_gate(keys=f"{PASSAGE}\nbag_check_percent = 10"), world=world) as venue:
        venue.link().read("north", "TICKET")
        await soon(lambda: world.panel.facts["north"]["state"] == "checking")
        assert not releases(venue.link())

        await venue.obey("open")

        assert len(releases(venue.link())) == 1


async def test_a_party_gets_more_time_with_each_who_passes() -> None:
    async with a_venue(a_gate(keys='count_on = "passage"\ndebounce_ms = 0')) as venue:
        venue.world.store.answers["PARTY"] = structs.replace(GRANTED, persons=3)
        venue.link().read("north", "PARTY")
        await soon(lambda: releases(venue.link()))
        tx = releases(venue.link())[0].tx

        for _ in range(3):
            venue.link().passed("north", tx)

        await soon(lambda: len(venue.world.store.acts) == 3)
        assert [act[2] for act in venue.world.store.acts] == [1, 2, 3]
        assert venue.world.prolonged == [tx, tx]


# --- boards with contacts

CONTACTS = """
count_on = "passage"
open_s = 0.2
debounce_ms = 0
channels = { release_entry = 0, release_exit = 1, passage_entry = 0, passage_exit = 1 }
"""
RELAYS = 'dialect = "shelly"\nprefix = "shelly"'


async def test_a_board_is_pulsed_and_its_contact_is_the_passage() -> None:
    wire = FakeWire(speaks="contacts")
    async with a_venue(a_gate(keys=CONTACTS, board=RELAYS), wire=wire) as venue:
        venue.link().read("north", "TICKET")
        await soon(lambda: venue.link().commands(Pulse))
        assert venue.link().commands(Pulse) == [Pulse("release_entry", 500)]

        venue.link().tell(StateRead("north", inputs={"passage_entry": False}))
        venue.link().tell(InputChanged("north", "passage_entry", value=True))

        await soon(lambda: venue.world.store.acts)
        (act,) = venue.world.store.acts
        assert (act[0], act[2]) == ("passage", 1)


async def test_a_pulse_that_a_board_refuses_gives_the_grant_back() -> None:
    wire = FakeWire(speaks="contacts")
    async with a_venue(a_gate(keys=CONTACTS, board=RELAYS), wire=wire) as venue:
        venue.link().refuses = "unreachable"
        venue.link().read("north", "TICKET")

        await soon(lambda: venue.world.store.acts)

        assert venue.world.store.acts[0][0] == "annul"
        assert "release_failed" in venue.world.alarms.told
