"""How many are inside, and that nobody is counted out twice or stays for ever."""

from typing import override

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from controllers.commands import Alarm, Clear, Raise
from controllers.occupancy import Occupancy

MINUTE = 60_000


class TestAgeing:
    def test_who_came_leaves_after_the_dwell_time_and_never_before(self) -> None:
        inside = Occupancy(0, dwell_min=90)
        inside.entries(3, 30_000)

        assert inside.age(30_000 + 90 * MINUTE) == 0
        assert inside.next_at == 91 * MINUTE
        assert inside.age(91 * MINUTE) == 3
        assert inside.inside == 0
        assert inside.next_at is None

    def test_where_exits_are_seen_nobody_ages(self) -> None:
        inside = Occupancy(0)
        inside.entries(3, 0)

        assert inside.age(10**12) == 0
        assert inside.next_at is None

    def test_an_exit_takes_the_first_to_come(self) -> None:
        inside = Occupancy(0, dwell_min=10)
        inside.entries(2, 0)
        inside.entries(2, 5 * MINUTE)

        assert inside.exits(3) == 3
        assert inside.age(11 * MINUTE) == 0
        assert inside.age(16 * MINUTE) == 1

    def test_more_exits_than_persons_leave_nobody_less_than_nobody(self) -> None:
        inside = Occupancy(0)
        inside.entries(2, 0)

        assert inside.exits(5) == 2
        assert inside.inside == 0

    def test_an_entry_told_late_leaves_when_it_would_have(self) -> None:
        inside = Occupancy(0, dwell_min=10)
        inside.entries(1, 5 * MINUTE)
        inside.entries(1, 0)

        assert inside.next_at == 11 * MINUTE
        assert inside.age(11 * MINUTE) == 1


class TestRestart:
    def test_who_is_inside_is_taken_to_have_come_just_now(self) -> None:
        inside = Occupancy(100 * MINUTE, dwell_min=10, inside=7)

        assert inside.inside == 7
        assert inside.age(110 * MINUTE) == 0
        assert inside.age(111 * MINUTE) == 7

    def test_what_is_remembered_of_them_holds(self) -> None:
        before = Occupancy(0, dwell_min=10)
        before.entries(2, 0)
        before.entries(3, 5 * MINUTE)
        inside = Occupancy(6 * MINUTE, dwell_min=10, inside=6, entered=before.entered)

        assert inside.inside == 6
        assert inside.age(11 * MINUTE) == 2
        assert inside.age(16 * MINUTE) == 3
        assert inside.age(17 * MINUTE) == 1

    def test_who_left_meanwhile_are_the_first_to_come(self) -> None:
        inside = Occupancy(6 * MINUTE, dwell_min=10, inside=2, entered=[(0, 2), (5 * MINUTE, 2)])

        assert inside.entered == [(5 * MINUTE, 2)]

    def test_where_exits_are_seen_nothing_is_remembered_that_would_age_later(self) -> None:
        inside = Occupancy(10**12, inside=5)

        assert inside.entered == []


class TestRecount:
    def test_an_operators_recount_says_what_is_to_be_counted(self) -> None:
        inside = Occupancy(0, inside=10)

        assert inside.told(14, 0) == 4
        assert inside.told(3, 0) == -11
        assert inside.told(3, 0) == 0
        assert inside.inside == 3

    def test_less_than_nobody_is_nobody(self) -> None:
        inside = Occupancy(0, inside=2)

        assert inside.told(-5, 0) == -2
        assert inside.inside == 0


class TestFull:
    def test_the_alarm_is_raised_at_capacity_and_cleared_well_below(self) -> None:
        hall = Occupancy(0, capacity=100, inside=99)

        assert hall.alarms() == []
        hall.entries(1, 0)
        assert hall.alarms() == [Raise(Alarm.SPACE_FULL, text="100 / 100")]
        hall.exits(1)
        hall.entries(1, 0)
        assert hall.alarms() == []
        hall.exits(4)
        assert hall.alarms() == []
        hall.exits(1)
        assert hall.alarms() == [Clear(Alarm.SPACE_FULL)]
        assert hall.alarms() == []

    def test_a_room_for_one_is_free_again_when_they_have_left(self) -> None:
        room = Occupancy(0, capacity=1, inside=1)

        assert room.alarms() == [Raise(Alarm.SPACE_FULL, text="1 / 1")]
        room.exits(1)
        assert room.alarms() == [Clear(Alarm.SPACE_FULL)]

    def test_a_capacity_that_changes_is_judged_anew(self) -> None:
        hall = Occupancy(0, capacity=300, inside=200)
        hall.capacity = 150

        assert hall.alarms() == [Raise(Alarm.SPACE_FULL, text="200 / 150")]
        hall.capacity = None
        assert hall.alarms() == [Clear(Alarm.SPACE_FULL)]

    @given(st.lists(st.integers(-20, 20), max_size=60), st.integers(0, 50))
    def test_raised_and_cleared_take_turns(self, moves: list[int], capacity: int) -> None:
        hall = Occupancy(0, capacity=capacity)
        raised = False
        for persons in moves:
            hall.entries(persons, 0) if persons > 0 else hall.exits(-persons)
            for command in hall.alarms():
                assert isinstance(command, Clear) is raised
                raised = not raised
            if hall.inside >= capacity:
                assert raised


class Persons(RuleBasedStateMachine):
    """Everybody counted in is counted out, once: seen at the exit, by a recount, or by age."""

    DWELL = 30

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000 * MINUTE
        self.space = Occupancy(self.now, dwell_min=self.DWELL)
        self.came = self.left = 0

    @rule(persons=st.integers(0, 9), late=st.integers(0, 40 * MINUTE))
    def come(self, persons: int, late: int) -> None:
        self.space.entries(persons, self.now - late)
        self.came += persons

    @rule(persons=st.integers(0, 9))
    def leave(self, persons: int) -> None:
        self.left += self.space.exits(persons)

    @rule(inside=st.integers(-2, 40))
    def recount(self, inside: int) -> None:
        difference = self.space.told(inside, self.now)
        self.came += max(0, difference)
        self.left += max(0, -difference)
        assert self.space.inside == max(0, inside)

    @rule(ms=st.integers(0, 20 * MINUTE))
    def wait(self, ms: int) -> None:
        self.now += ms
        self.left += self.space.age(self.now)
        assert self.space.age(self.now) == 0
        assert self.space.next_at is None or self.space.next_at > self.now

    @rule()
    def restart(self) -> None:
        self.space = Occupancy(
            self.now,
            dwell_min=self.DWELL,
            inside=self.space.inside,
            entered=self.space.entered,
        )

    @invariant()
    def all_are_accounted_for(self) -> None:
        assert self.space.inside == self.came - self.left >= 0
        assert sum(persons for _, persons in self.space.entered) == self.space.inside

    @override
    def teardown(self) -> None:
        self.left += self.space.age(self.now + (self.DWELL + 2) * MINUTE)
        assert self.came == self.left
        assert self.space.inside == 0


TestPersons = Persons.TestCase
