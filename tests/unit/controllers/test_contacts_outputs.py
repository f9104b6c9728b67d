"""What machines ask for, as outputs of a board: bounded, in order, and never left on."""

from typing import Literal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from controllers.commands import Commit, Direction, Lock, Mode, Release, Revoke, SetMode, Unlock
from controllers.contacts import Contacts, Output, Pulse, Set, Wiring
from controllers.events import PassageStarted, Passed

BOTH = frozenset(
    {
        "release_entry",
        "release_exit",
        "passage_entry",
        "passage_exit",
        "passage_started_entry",
        "fire",
    }
)
WHOLE = BOTH | {
    "free_entry",
    "free_exit",
    "lock_entry",
    "lock_exit",
    "relock_entry",
    "relock_exit",
}
REST = {"passage_entry": False, "passage_exit": False, "passage_started_entry": False, "fire": True}


def gate(
    channels: frozenset[str] = BOTH,
    *,
    release: Literal["pulse", "level"] = "pulse",
    fail_safe: bool = True,
) -> Contacts:
    """Return a board at rest: pulses of 500 ms, rests of 300 ms, levels of 5 or 10 s."""
    contacts = Contacts(Wiring(channels, release=release, fail_safe=fail_safe))
    contacts.read({name: level for name, level in REST.items() if name in channels}, 0)
    return contacts


def passes(contacts: Contacts, now: int, channel: str = "passage_entry") -> list[Output]:
    """Have somebody pass; return what is switched at once."""
    outputs = contacts.read({channel: True}, now).outputs
    assert contacts.read({channel: False}, now + 100).outputs == []
    return outputs


def fire(contacts: Contacts, now: int) -> None:
    contacts.read({"fire": False}, now)
    contacts.tick(now + 35)


class TestPulses:
    def test_a_release_is_a_short_pulse_in_its_direction(self) -> None:
        board = gate()

        assert board.carry(Release("entry", "e1", 1), 1_000) == [Pulse("release_entry", 500, "e1")]
        assert board.carry(Release("exit", "e2", 1), 1_000) == [Pulse("release_exit", 500, "e2")]

    def test_a_party_gets_a_pulse_each_the_next_after_a_passage(self) -> None:
        board = gate()

        assert board.carry(Release("entry", "e1", 3), 1_000) == [Pulse("release_entry", 500, "e1")]
        assert board.tick(4_000).outputs == []
        assert passes(board, 5_000) == [Pulse("release_entry", 500)]
        assert passes(board, 8_000) == [Pulse("release_entry", 500)]
        assert passes(board, 9_000) == []

    def test_two_pulses_are_never_so_close_that_the_gate_sees_one(self) -> None:
        board = gate()
        board.carry(Release("entry", "e1", 2), 1_000)

        assert passes(board, 1_200) == []
        assert board.next_at == 1_000 + 500 + 300
        assert board.tick(1_800).outputs == [Pulse("release_entry", 500)]
        assert board.next_at is None

    def test_the_next_visitors_pulse_waits_for_the_rest_and_is_theirs(self) -> None:
        board = gate()
        board.carry(Release("entry", "e1", 1), 1_000)
        passes(board, 1_200)

        assert board.carry(Release("entry", "e2", 1), 1_400) == []
        assert board.tick(1_800).outputs == [Pulse("release_entry", 500, "e2")]

    def test_a_pulse_still_to_come_is_not_given_once_all_have_passed(self) -> None:
        board = gate()
        board.carry(Release("entry", "e1", 2), 1_000)
        passes(board, 1_200)
        passes(board, 1_500)

        assert board.next_at is None
        assert board.tick(9_000).outputs == []

    def test_a_passage_the_other_way_uses_up_no_pulse(self) -> None:
        board = gate()
        board.carry(Release("entry", "e1", 2), 1_000)

        assert passes(board, 3_000, "passage_exit") == []
        assert passes(board, 4_000) == [Pulse("release_entry", 500)]

    def test_a_passage_without_a_release_opens_nothing(self) -> None:
        assert passes(gate(), 1_000) == []

    def test_a_relay_is_pulsed_whatever_the_direction(self) -> None:
        board = gate(frozenset({"relay"}))

        assert board.carry(Release("exit", "e1", 1), 0) == [Pulse("relay", 500, "e1")]

    def test_commands_for_others_switch_nothing(self) -> None:
        assert gate().carry(Commit("e1", 1), 0) == []
        assert gate().carry(Unlock(), 0) == gate().carry(Lock(), 0) == []


class TestRevoke:
    def test_nothing_stays_on_after_a_release_is_taken_back(self) -> None:
        board = gate()
        board.carry(Release("entry", "e1", 3), 1_000)
        passes(board, 1_200)

        assert board.carry(Revoke("entry", "e1"), 1_300) == [Set("release_entry", on=False)]
        assert board.next_at is None
        assert board.tick(60_000).outputs == []

    def test_a_gate_that_waits_by_itself_is_closed_again_where_it_can_be(self) -> None:
        board = gate(WHOLE)
        board.carry(Release("entry", "e1", 1), 1_000)

        assert board.carry(Revoke("entry", "e1"), 6_000) == [
            Set("release_entry", on=False),
            Pulse("relock_entry", 500),
        ]

    def test_a_release_that_is_over_is_not_closed_again_upon_who_passes(self) -> None:
        board = gate(WHOLE)
        board.carry(Release("entry", "e1", 1), 1_000)
        passes(board, 2_000)

        assert board.carry(Revoke("entry", "e1"), 2_200) == [Set("release_entry", on=False)]

    def test_another_visitors_release_is_left_alone(self) -> None:
        board = gate()
        board.carry(Release("entry", "e1", 1), 1_000)
        board.carry(Release("entry", "e2", 2), 9_000)

        assert board.carry(Revoke("entry", "e1"), 9_100) == []
        assert passes(board, 12_000) == [Pulse("release_entry", 500)]

    def test_a_release_nobody_remembers_is_taken_back_too(self) -> None:
        assert gate().carry(Revoke("entry", "e0"), 0) == [Set("release_entry", on=False)]

    def test_what_is_open_to_everybody_stays_open(self) -> None:
        board = gate()
        board.carry(SetMode("entry", "free"), 0)

        assert board.carry(Revoke("entry", "e1"), 100) == []


class TestLevelMode:
    """The gate is open for as long as the level is held (PERCo's potential mode)."""

    def test_a_level_is_held_by_the_hardware_which_also_ends_it(self) -> None:
        board = gate(release="level")

        released = board.carry(Release("entry", "e1", 1), 0)

        assert released == [Pulse("release_entry", 5_000, "e1")]

    def test_a_flagged_ticket_has_longer(self) -> None:
        board = gate(release="level")

        assert board.carry(Release("entry", "e1", 1, longer=True), 0) == [
            Pulse("release_entry", 10_000, "e1")
        ]

    def test_the_level_drops_as_the_passage_begins(self) -> None:
        """Else a second person passes while it is still held."""
        board = gate(release="level")
        board.carry(Release("entry", "e1", 1), 1_000)

        told = board.read({"passage_started_entry": True}, 2_000)

        assert told.events == [PassageStarted("entry")]
        assert told.outputs == [Set("release_entry", on=False)]
        assert passes(board, 3_000) == []

    def test_the_level_drops_with_the_passage_where_its_beginning_is_not_told(self) -> None:
        board = gate(release="level")
        board.carry(Release("entry", "e1", 1), 1_000)

        assert passes(board, 3_000) == [Set("release_entry", on=False)]

    def test_a_party_goes_through_one_by_one(self) -> None:
        board = gate(release="level")
        board.carry(Release("entry", "e1", 2), 1_000)

        assert passes(board, 2_000) == [Set("release_entry", on=False)]
        assert board.next_at == 2_300
        assert board.tick(2_300).outputs == [Pulse("release_entry", 5_000)]

    def test_after_a_release_taken_back_the_next_need_not_wait_for_its_end(self) -> None:
        board = gate(release="level")
        board.carry(Release("entry", "e1", 1), 1_000)
        board.carry(Revoke("entry", "e1"), 2_000)

        assert board.carry(Release("entry", "e2", 1), 2_500) == [
            Pulse("release_entry", 5_000, "e2")
        ]

    def test_a_free_gate_does_not_drop_for_who_passes(self) -> None:
        board = gate(release="level")
        board.carry(SetMode("entry", "free"), 0)

        assert board.read({"passage_started_entry": True}, 1_000).outputs == []
        assert passes(board, 2_000) == []


class TestModes:
    def test_free_has_an_output_of_its_own(self) -> None:
        board = gate(WHOLE)

        assert board.carry(SetMode("entry", "free"), 0) == [
            Set("lock_entry", on=False),
            Set("free_entry", on=True),
        ]
        assert board.carry(SetMode("entry", "normal"), 0) == [
            Set("lock_entry", on=False),
            Set("free_entry", on=False),
        ]

    def test_free_holds_the_release_where_there_is_no_other_way(self) -> None:
        board = gate()

        assert board.carry(SetMode("exit", "free"), 0) == [Set("release_exit", on=True)]
        assert board.carry(SetMode("exit", "normal"), 0) == [Set("release_exit", on=False)]

    def test_locking_closes_before_it_locks(self) -> None:
        assert gate(WHOLE).carry(SetMode("exit", "locked"), 0) == [
            Set("free_exit", on=False),
            Set("lock_exit", on=True),
        ]

    def test_a_release_into_a_free_gate_does_not_close_it_at_its_end(self) -> None:
        board = gate()
        board.carry(SetMode("entry", "free"), 0)

        assert board.carry(Release("entry", "e1", 1), 1_000) == [
            Set("release_entry", on=True, tx="e1")
        ]

    def test_a_change_of_mode_ends_the_release_in_force(self) -> None:
        board = gate()
        board.carry(Release("entry", "e1", 3), 0)
        board.carry(SetMode("entry", "locked"), 100)

        assert passes(board, 2_000) == []
        assert board.next_at is None


class TestInverted:
    """An output wired by its other contact rests while it is on."""

    def test_a_pulse_goes_off_and_a_level_stands_the_other_way(self) -> None:
        wiring = Wiring(BOTH, inverted=frozenset({"release_entry"}), release="level")
        board = Contacts(wiring)
        board.read(REST, 0)

        assert board.carry(Release("entry", "e1", 2), 1_000) == [
            Pulse("release_entry", 5_000, "e1", on=False)
        ]
        assert board.carry(Release("exit", "e2", 1), 1_000) == [Pulse("release_exit", 5_000, "e2")]
        assert passes(board, 2_000) == [Set("release_entry", on=True)]
        assert board.tick(2_300).outputs == [Pulse("release_entry", 5_000, on=False)]
        assert board.read({"passage_started_entry": True}, 3_000).outputs == [
            Set("release_entry", on=True)
        ]
        assert board.carry(SetMode("entry", "free"), 9_000) == [Set("release_entry", on=False)]

    def test_fire_still_keeps_an_inverted_lock_open(self) -> None:
        wiring = Wiring(TestDoors.DOOR, inverted=frozenset({"lock"}))
        door = Contacts(wiring)
        door.read({"fire": False}, 0)

        assert door.carry(Lock(), 1_000) == []
        assert door.carry(Unlock(), 1_000) == [Set("lock", on=True)]


class TestLinks:
    def test_nothing_asked_for_before_the_link_went_is_given_when_it_is_back(self) -> None:
        board = gate()
        board.carry(Release("entry", "e1", 3), 1_000)
        passes(board, 1_200)
        board.lost()

        assert board.next_at is None
        assert board.tick(5_000).outputs == []
        assert board.read(REST, 6_000).outputs == []
        assert passes(board, 7_000) == []


class TestDoors:
    DOOR = frozenset({"lock", "contact", "fire"})

    def test_a_fail_secure_lock_gets_power_for_a_time_that_the_hardware_ends(self) -> None:
        door = gate(self.DOOR, fail_safe=False)

        assert door.carry(Unlock(5_000), 0) == [Pulse("lock", 5_000)]
        assert door.carry(Lock(), 0) == [Set("lock", on=False)]

    def test_a_fail_safe_lock_loses_its_power(self) -> None:
        door = gate(self.DOOR)

        assert door.carry(Unlock(5_000), 0) == [Set("lock", on=False)]
        assert door.carry(Lock(), 0) == [Set("lock", on=True)]

    def test_a_door_unlocked_for_all_is_not_locked_by_the_end_of_one_visit(self) -> None:
        door = gate(self.DOOR, fail_safe=False)

        assert door.carry(Unlock(), 0) == [Set("lock", on=True)]
        assert door.carry(Unlock(5_000), 100) == [Set("lock", on=True)]
        assert door.carry(Revoke("entry", "e1"), 200) == []
        assert door.carry(Lock(), 300) == [Set("lock", on=False)]
        assert door.carry(Unlock(5_000), 400) == [Pulse("lock", 5_000)]

    @pytest.mark.parametrize("fail_safe", [True, False])
    def test_a_release_unlocks_and_its_end_locks(self, fail_safe: bool) -> None:
        door = gate(self.DOOR, fail_safe=fail_safe)
        opened: list[Output] = [Set("lock", on=False, tx="e1") if fail_safe else OPEN_5S]

        assert door.carry(Release("entry", "e1", 2), 0) == opened
        assert door.carry(Revoke("entry", "e1"), 100) == [Set("lock", on=fail_safe)]

    def test_it_is_locked_at_the_end_of_whichever_grant_its_machine_names(self) -> None:
        """Two wait; the first's time is the last to end."""
        door = gate(self.DOOR)
        door.carry(Release("entry", "e1", 1, longer=True), 0)
        door.carry(Release("entry", "e2", 1), 100)

        assert door.carry(Revoke("entry", "e1"), 9_000) == [Set("lock", on=True)]

    def test_modes_act_on_the_lock_which_is_free_while_one_direction_is(self) -> None:
        door = gate(self.DOOR, fail_safe=False)

        assert door.carry(SetMode("entry", "free"), 0) == [Set("lock", on=True)]
        assert door.carry(SetMode("exit", "normal"), 0) == [Set("lock", on=True)]
        assert door.carry(SetMode("entry", "locked"), 0) == [Set("lock", on=False)]


OPEN_5S = Pulse("lock", 5_000, "e1")


def test_what_closes_or_locks_says_so_and_nothing_else_does() -> None:
    """A wire tries that again until it lands; what opens is never tried again."""
    level, whole, door = gate(release="level"), gate(WHOLE), gate(TestDoors.DOOR)
    opening = [
        *level.carry(Release("entry", "e1", 1), 1_000),
        *whole.carry(SetMode("exit", "free"), 1_000),
        *door.carry(Unlock(), 1_000),
    ]
    closing = [
        *level.carry(Revoke("entry", "e1"), 2_000),
        *whole.carry(SetMode("exit", "locked"), 2_000),
        *door.carry(Lock(), 2_000),
    ]

    sets = [[each.closes for each in some if isinstance(each, Set)] for some in (opening, closing)]
    assert not any(sets[0])
    assert sets[1]
    assert all(sets[1])


class TestFire:
    """Fire release is wired into the gate; what we can do wrong is to lock."""

    def test_nothing_is_locked_or_closed_while_there_is_fire(self) -> None:
        board = gate(WHOLE)
        fire(board, 1_000)

        assert board.carry(SetMode("entry", "locked"), 2_000) == []
        assert board.carry(SetMode("entry", "normal"), 2_000) == [Set("lock_entry", on=False)]
        assert board.carry(Revoke("entry", "e1"), 2_000) == []

    def test_opening_is_still_possible(self) -> None:
        board = gate(WHOLE)
        fire(board, 1_000)

        assert board.carry(SetMode("exit", "free"), 2_000)[-1] == Set("free_exit", on=True)
        assert board.carry(Release("entry", "e1", 1), 2_000)

    def test_a_level_is_not_dropped(self) -> None:
        board = gate(release="level")
        board.carry(Release("entry", "e1", 1), 900)
        fire(board, 1_000)

        assert board.read({"passage_started_entry": True}, 2_000).outputs == []

    @pytest.mark.parametrize("fail_safe", [True, False])
    def test_a_door_is_not_locked(self, fail_safe: bool) -> None:
        door = gate(TestDoors.DOOR, fail_safe=fail_safe)
        fire(door, 1_000)

        assert door.carry(Lock(), 2_000) == []
        assert door.carry(Unlock(), 2_000) == [Set("lock", on=not fail_safe)]

    def test_when_it_is_over_locking_is_possible_again(self) -> None:
        board = gate(WHOLE)
        fire(board, 1_000)
        board.read({"fire": True}, 60_000)
        board.tick(60_035)

        assert board.carry(SetMode("entry", "locked"), 61_000)[-1] == Set("lock_entry", on=True)


class Board(RuleBasedStateMachine):
    """A board whose hardware ends its pulses, and a gate through which people pass."""

    def __init__(self, release: Literal["pulse", "level"] = "pulse") -> None:
        super().__init__()
        self.release = release
        self.contacts = gate(release=release)
        self.now = 1_000
        self.ends: dict[str, int | None] = {}
        """Until when each output is on; ``None``: until it is switched off."""
        self.mode: dict[Direction, Mode] = {"entry": "normal", "exit": "normal"}
        self.credits: dict[Direction, int] = {"entry": 0, "exit": 0}
        self.tx: dict[Direction, str] = {}

    def switch(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Pulse):
                direction: Direction = "exit" if output.channel == "release_exit" else "entry"
                assert 100 <= output.ms <= (1_000 if self.release == "pulse" else 10_000)
                assert self.credits[direction] > 0
                assert self.mode[direction] != "free"
                ended = self.ends.get(output.channel, 0)
                assert ended is not None
                assert self.now - ended >= 300, "the gate sees one pulse instead of two"
                self.ends[output.channel] = self.now + output.ms
            elif output.on:
                self.ends[output.channel] = None
            else:
                ended = self.ends.get(output.channel, 0)
                self.ends[output.channel] = self.now if ended is None else min(ended, self.now)

    @rule(ms=st.sampled_from((10, 90, 300, 700, 3_000, 40_000)))
    def wait(self, ms: int) -> None:
        until = self.now + ms
        while (due := self.contacts.next_at) is not None and due <= until:
            self.now = due
            self.switch(self.contacts.tick(due).outputs)
        self.now = until

    @rule(direction=st.sampled_from(("entry", "exit")), persons=st.integers(1, 4))
    def grant(self, direction: Direction, persons: int) -> None:
        if self.mode[direction] == "normal":
            self.tx[direction] = f"e{self.now}-{persons}"
            self.credits[direction] = persons
            release = Release(direction, self.tx[direction], persons)
            self.switch(self.contacts.carry(release, self.now))

    @rule(direction=st.sampled_from(("entry", "exit")))
    def somebody_passes(self, direction: Direction) -> None:
        name = f"passage_{direction}"
        self.credits[direction] = max(0, self.credits[direction] - 1)
        told = self.contacts.read({name: True}, self.now)
        assert told.events == [Passed(direction)]
        self.switch(told.outputs)
        self.wait(100)
        self.switch(self.contacts.read({name: False}, self.now).outputs)
        self.wait(90)

    @precondition(lambda self: self.tx)
    @rule(direction=st.sampled_from(("entry", "exit")))
    def taken_back(self, direction: Direction) -> None:
        if (tx := self.tx.pop(direction, None)) is None:
            return
        self.credits[direction] = 0
        self.switch(self.contacts.carry(Revoke(direction, tx), self.now))
        if self.mode[direction] != "free":
            ends = self.ends.get(f"release_{direction}", 0)
            assert ends is not None
            assert ends <= self.now

    @rule(
        direction=st.sampled_from(("entry", "exit")),
        mode=st.sampled_from(("normal", "free", "locked")),
    )
    def set_mode(self, direction: Direction, mode: Mode) -> None:
        self.mode[direction], self.credits[direction] = mode, 0
        self.switch(self.contacts.carry(SetMode(direction, mode), self.now))

    @rule()
    def link_lost_and_back(self) -> None:
        self.contacts.lost()
        self.credits = {"entry": 0, "exit": 0}
        assert self.contacts.read(REST, self.now).outputs == []
        self.wait(90)

    @invariant()
    def only_a_free_gate_is_open_without_an_end(self) -> None:
        for direction in ("entry", "exit"):
            held = self.ends.get(f"release_{direction}", 0) is None
            assert held == (self.mode[direction] == "free")


class LevelBoard(Board):
    def __init__(self) -> None:
        super().__init__("level")


TestBoard = Board.TestCase
TestLevelBoard = LevelBoard.TestCase
