"""Inputs as a board reads them: contacts bounce, wires stall, edges get lost."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.contacts import BY_NAME, CONTACTS, contacts_of
from config.values import Kind, allowed
from config.wires import contacts as contacts_on
from controllers.contacts import BATTERY_FINE, BATTERY_LOW, Contacts, Told, Wiring
from controllers.events import (
    BatteryRead,
    BondChanged,
    ContactChanged,
    Event,
    ExitRequested,
    FaultCleared,
    FaultSeen,
    FireInput,
    ForcedSeen,
    PassageStarted,
    Passed,
    PowerChanged,
    TailgatingSeen,
    WrongWay,
)

DEBOUNCE_MS = 35
KINDS: Sequence[Kind] = allowed(Kind)  # type: ignore[assignment]  # its words


def contacts(*channels: str, inverted: Sequence[str] = (), reported: bool = False) -> Contacts:
    """Return contacts that bounce for 35 ms and are at rest when the play begins."""
    names = frozenset({"release_entry", "release_exit", *channels})
    wiring = Wiring(names, frozenset(inverted), debounce_ms=DEBOUNCE_MS)
    if reported:
        wiring = Wiring(names, normally_closed=frozenset())
    return Contacts(wiring)


def play(
    device: Contacts, name: str, *readings: tuple[int, int], device_clock: bool = False
) -> list[Event]:
    """Read (instant, level) one after the other and let time pass in between; return the events."""
    events: list[Event] = []
    for instant, level in readings:
        while device.next_at is not None and device.next_at < instant:
            events += device.tick(device.next_at).events
        at = instant if device_clock else None
        events += device.read({name: bool(level)}, instant, at=at).events
    while device.next_at is not None:
        events += device.tick(device.next_at).events
    return events


class TestPassages:
    def test_a_passage_counts_at_its_first_edge(self) -> None:
        gate = contacts("passage_entry", "passage_exit")
        gate.read({"passage_entry": False, "passage_exit": False}, 0)

        assert gate.read({"passage_entry": True}, 1_000).events == [Passed("entry")]
        assert gate.read({"passage_entry": False}, 1_400).events == []
        assert gate.read({"passage_exit": True}, 2_000).events == [Passed("exit")]

    def test_a_contact_that_bounces_as_it_closes_and_opens_counts_once(self) -> None:
        bounces = [(0, 0), (1000, 1), (1003, 0), (1006, 1), (1011, 0), (1019, 1)]
        bounces += [(1400, 0), (1404, 1), (1409, 0)]

        assert play(contacts("passage_entry"), "passage_entry", *bounces) == [Passed("entry")]

    def test_a_pulse_shorter_than_the_debouncing_counts(self) -> None:
        """A momentary contact is latched from the raw edge, never by majority."""
        short = [(0, 0), (1000, 1), (1004, 0)]

        assert play(contacts("passage_entry"), "passage_entry", *short) == [Passed("entry")]

    def test_two_persons_one_after_the_other_are_two(self) -> None:
        two = [(0, 0), (1000, 1), (1100, 0), (1600, 1), (1700, 0)]

        assert play(contacts("passage_entry"), "passage_entry", *two) == [Passed("entry")] * 2

    def test_a_contact_closed_when_the_board_comes_into_sight_is_no_passage(self) -> None:
        gate = contacts("passage_entry")

        assert gate.read({"passage_entry": True}, 0).events == []

    def test_a_contact_closed_when_the_board_comes_back_is_no_passage(self) -> None:
        gate = contacts("passage_entry")
        gate.read({"passage_entry": False}, 0)
        gate.lost()

        assert gate.read({"passage_entry": True}, 5_000) == Told()
        assert gate.read({"passage_entry": False}, 5_200) == Told()
        assert gate.read({"passage_entry": True}, 9_000).events == [Passed("entry")]

    def test_a_lost_edge_costs_its_passage_and_inverts_nothing(self) -> None:
        """Toggling at each edge (leosac's door) would count openings from here on."""
        gate = contacts("passage_entry")
        lost = [(0, 0), (1000, 1), (3000, 1), (3300, 0)]  # the opening after 1,000 was lost
        after = [(6000, 1), (6300, 0), (9000, 1), (9300, 0)]

        assert play(gate, "passage_entry", *lost) == [Passed("entry")]
        assert play(gate, "passage_entry", *after) == [Passed("entry")] * 2

    def test_a_state_read_again_and_again_makes_no_passage(self) -> None:
        same = [(0, 0), (1000, 1), (2000, 1), (3000, 1), (4000, 0), (5000, 0)]

        assert play(contacts("passage_entry"), "passage_entry", *same) == [Passed("entry")]

    def test_a_wire_that_stalled_delivers_two_passages_at_once(self) -> None:
        gate = contacts("passage_entry")
        gate.read({"passage_entry": False}, 0, at=100_000)

        events = []
        for at, level in ((101_000, True), (101_300, False), (104_000, True), (104_300, False)):
            events += gate.read({"passage_entry": level}, 9_000, at=at, reading=f"b-{at}").events

        assert events == [
            Passed("entry", id="b-101000", at=101_000),
            Passed("entry", id="b-104000", at=104_000),
        ]

    def test_a_bounce_that_arrives_late_is_known_by_the_devices_clock(self) -> None:
        gate = contacts("passage_entry")
        gate.read({"passage_entry": False}, 0, at=100_000)

        assert gate.read({"passage_entry": True}, 1_000, at=101_000).events
        assert not gate.read({"passage_entry": False}, 1_100, at=101_003).events
        assert not gate.read({"passage_entry": True}, 1_200, at=101_006).events

    def test_a_clock_put_back_loses_no_passage(self) -> None:
        gate = contacts("passage_entry")
        gate.read({"passage_entry": False}, 0, at=100_000)
        gate.read({"passage_entry": True}, 1_000, at=101_000)
        gate.read({"passage_entry": False}, 1_300, at=101_300)

        assert gate.read({"passage_entry": True}, 4_000, at=97_000).events

    def test_an_inverted_contact_passes_as_it_opens(self) -> None:
        gate = contacts("passage_entry", inverted=["passage_entry"])

        assert play(gate, "passage_entry", (0, 1), (1000, 0)) == [Passed("entry")]

    @given(
        st.lists(
            st.tuples(
                st.integers(200, 5_000),  # ms that the contact has rested
                st.lists(st.integers(1, 3), max_size=8),  # bounces as it closes
                st.integers(100, 3_000),  # ms that it is closed
                st.lists(st.integers(1, 3), max_size=8),  # bounces as it opens
            ),
            max_size=8,
        )
    )
    def test_as_many_passages_as_persons_however_it_bounces(
        self, persons: list[tuple[int, list[int], int, list[int]]]
    ) -> None:
        readings, instant = [(0, 0)], 0
        for rested, closing, closed, opening in persons:
            instant += rested
            readings.append((instant, 1))
            for bounce in closing:
                readings += [(instant + bounce, 0), (instant + bounce + 1, 1)]
                instant += bounce + 1
            instant += closed
            readings.append((instant, 0))
            for bounce in opening:
                readings += [(instant + bounce, 1), (instant + bounce + 1, 0)]
                instant += bounce + 1

        events = play(contacts("passage_entry"), "passage_entry", *readings)

        assert events == [Passed("entry")] * len(persons)


class TestLevels:
    def test_a_door_tells_at_once_how_it_stands_when_it_comes_into_sight(self) -> None:
        door = contacts("contact", "bond")

        told = door.read({"contact": True, "bond": False}, 0)

        assert told.events == [ContactChanged(open=True), BondChanged(locked=False)]

    def test_a_door_tells_how_it_stands_again_when_it_comes_back(self) -> None:
        door = contacts("contact")
        door.read({"contact": True}, 0)
        door.lost()

        assert door.read({"contact": True}, 9_000).events == [ContactChanged(open=True)]

    def test_a_change_counts_once_it_has_stood_long_enough(self) -> None:
        door = contacts("contact")
        door.read({"contact": False}, 0)

        assert door.read({"contact": True}, 1_000) == Told()
        assert door.next_at == 1_000 + DEBOUNCE_MS
        assert door.tick(1_000 + DEBOUNCE_MS - 1) == Told()
        assert door.tick(1_000 + DEBOUNCE_MS).events == [ContactChanged(open=True)]
        assert door.next_at is None

    def test_a_door_that_rattles_in_the_wind_does_not_open(self) -> None:
        rattle = [(0, 0), (1000, 1), (1010, 0), (1030, 1), (1050, 0)]

        assert play(contacts("contact"), "contact", *rattle) == [ContactChanged(open=False)]

    def test_a_contact_that_bounces_changes_once(self) -> None:
        bounces = [(0, 0), (1000, 1), (1005, 0), (1010, 1)]

        assert play(contacts("contact"), "contact", *bounces) == [
            ContactChanged(open=False),
            ContactChanged(open=True),
        ]

    def test_a_lost_edge_does_not_invert_a_door(self) -> None:
        """Its closing was lost: the next reading that it is closed puts it right."""
        lost = [(0, 0), (1000, 1), (5000, 1), (7000, 0)]

        assert play(contacts("contact"), "contact", *lost)[-1] == ContactChanged(open=False)

    def test_a_door_opened_and_closed_while_the_wire_stalled_has_been_open(self) -> None:
        door = contacts("contact")
        door.read({"contact": False}, 0, at=100_000)

        events = [
            *door.read({"contact": True}, 9_000, at=101_000).events,
            *door.read({"contact": False}, 9_000, at=104_000).events,
        ]
        events += door.tick(9_000 + DEBOUNCE_MS).events

        assert events == [ContactChanged(open=True), ContactChanged(open=False)]

    def test_a_change_whose_time_nobody_came_to_tell_is_told_with_the_next_reading(self) -> None:
        door = contacts("contact", "rex")
        door.read({"contact": False, "rex": False}, 0)
        door.read({"contact": True}, 1_000)

        told = door.read({"rex": True}, 2_000)

        assert told.events == [ContactChanged(open=True), ExitRequested()]

    @given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=40), st.booleans())
    def test_however_edges_come_and_get_lost_it_ends_as_it_stands(
        self, readings: list[tuple[int, bool]], last: bool
    ) -> None:
        instants, now = [(0, 0)], 0
        for gap, level in readings:
            now += gap
            instants.append((now, level))
        instants.append((now + 1, last))

        door = contacts("contact")
        events = play(door, "contact", *instants)

        assert events[-1] == ContactChanged(open=last)
        assert all(one != two for one, two in pairwise(events))
        assert door.inputs == {"contact": last}


class TestFire:
    def test_the_loss_of_the_fire_input_is_fire(self) -> None:
        """It is normally closed: a cut wire must not go unnoticed."""
        gate = contacts("fire")

        assert play(gate, "fire", (0, 1), (1000, 0), (9000, 1)) == [
            FireInput(active=False),
            FireInput(active=True),
            FireInput(active=False),
        ]

    def test_a_fire_input_wired_the_other_way_round_is_inverted(self) -> None:
        gate = contacts("fire", inverted=["fire"])

        assert play(gate, "fire", (0, 0), (1000, 1))[-1] == FireInput(active=True)

    def test_a_device_that_reports_fire_means_it(self) -> None:
        gate = contacts("fire", reported=True)

        assert play(gate, "fire", (0, 0), (1000, 1))[-1] == FireInput(active=True)

    def test_fire_that_began_out_of_sight_is_told_when_the_board_is_back(self) -> None:
        gate = contacts("fire")
        gate.read({"fire": True}, 0)
        gate.lost()

        assert gate.read({"fire": False}, 5_000).events == [FireInput(active=True)]

    def test_a_flicker_evacuates_nobody(self) -> None:
        assert play(contacts("fire"), "fire", (0, 1), (1000, 0), (1008, 1)) == [
            FireInput(active=False)
        ]


class TestFaults:
    def test_the_loss_of_ready_is_a_fault(self) -> None:
        assert play(contacts("ready"), "ready", (0, 1), (1000, 0), (5000, 1)) == [
            FaultSeen("not ready"),
            FaultCleared(),
        ]

    def test_two_faults_are_told_in_one_and_end_with_the_last(self) -> None:
        gate = contacts("ready", "fault", "tamper")
        gate.read({"ready": True, "fault": False, "tamper": False}, 0)

        assert play(gate, "fault", (1000, 1)) == [FaultSeen("fault")]
        assert play(gate, "tamper", (2000, 1)) == [FaultSeen("fault, tamper")]
        assert play(gate, "fault", (3000, 0)) == [FaultSeen("tamper")]
        assert play(gate, "tamper", (4000, 0)) == [FaultCleared()]

    def test_a_fault_stays_over_a_lost_link_and_ends_when_seen_to_be_over(self) -> None:
        gate = contacts("fault")
        assert gate.read({"fault": True}, 0).events == [FaultSeen("fault")]
        gate.lost()

        assert gate.read({"fault": False}, 5_000).events == [FaultCleared()]

    def test_power_and_battery_are_told(self) -> None:
        gate = contacts("power", "battery_low")

        assert play(gate, "power", (0, 1), (1000, 0)) == [
            PowerChanged(ok=True),
            PowerChanged(ok=False),
        ]
        assert play(gate, "battery_low", (2000, 0), (3000, 1)) == [
            BatteryRead(BATTERY_FINE),
            BatteryRead(BATTERY_LOW),
        ]


class TestMoments:
    @pytest.mark.parametrize(
        ("name", "event"),
        [
            ("tailgating", TailgatingSeen()),
            ("wrong_way", WrongWay()),
            ("forced", ForcedSeen()),
            ("rex", ExitRequested()),
            ("passage_started_exit", PassageStarted("exit")),
        ],
    )
    def test_what_the_device_sees_is_told_once(self, name: str, event: Event) -> None:
        assert play(contacts(name), name, (0, 0), (1000, 1), (1004, 0), (1008, 1)) == [event]

    def test_a_button_held_when_the_board_comes_back_opens_nothing(self) -> None:
        door = contacts("rex")

        assert door.read({"rex": True}, 0).events == []

    def test_a_beginning_passage_of_no_direction_is_that_of_the_only_one(self) -> None:
        gate = Contacts(Wiring(frozenset({"release_entry", "passage_started"})))

        assert play(gate, "passage_started", (0, 0), (1000, 1)) == [PassageStarted("entry")]

    def test_a_beginning_passage_that_may_be_either_is_not_guessed(self) -> None:
        gate = contacts("passage_started")

        assert play(gate, "passage_started", (0, 0), (1000, 1)) == []


class TestNames:
    def test_names_that_mean_nothing_are_left_alone(self) -> None:
        gate = Contacts(Wiring(frozenset({"passage_entry", "coffee"})))

        assert gate.read({"coffee": True, "in7": False}, 0) == Told()
        assert gate.inputs == {}

    def test_inputs_are_shown_in_the_sense_of_their_names(self) -> None:
        gate = contacts("fire", "passage_entry")
        gate.read({"fire": True, "passage_entry": False}, 0)

        assert gate.inputs == {"fire": False, "passage_entry": False}

    def test_each_contact_is_there_once(self) -> None:
        assert len(BY_NAME) == len(CONTACTS)

    def test_a_board_of_plain_contacts_offers_them_all(self) -> None:
        for kind in KINDS:
            offered = contacts_on(kind, range(4), range(8))
            assert set(offered) == {each.name for each in contacts_of(kind)}
            assert all(offered[each.name].output is each.output for each in contacts_of(kind))

    def test_a_board_without_inputs_offers_none(self) -> None:
        assert all(each.output for each in contacts_on("turnstile", range(4), range(0)).values())
