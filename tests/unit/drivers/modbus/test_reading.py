"""What a board is asked, and what is made of its answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus.plan import plan_of
from drivers.modbus.profile import load, names
from drivers.modbus.samples import Counters, Inputs
from drivers.signals import InputChanged


def test_neighbours_are_read_in_one_question() -> None:
    plan = plan_of(load("waveshare-relay-8-d"), {1, 5}, {2, 3})
    assert [(r.area, r.at, r.count) for r in plan.often] == [("discrete", 0, 5)]
    assert [(r.area, r.at, r.count) for r in plan.seldom] == [("coil", 1, 2)]


def test_a_board_that_answers_only_for_all_its_inputs_is_asked_for_all() -> None:
    (reading,) = plan_of(load("lc-technology-8"), {2}, ()).often
    assert reading.count == 8


@pytest.mark.parametrize("name", names())
def test_every_input_and_relay_of_a_profile_is_read_once(name: str) -> None:
    profile = load(name)
    plan = plan_of(profile, profile.input_numbers, profile.output_numbers)
    points = [(p.sort, p.number) for r in (*plan.often, *plan.seldom) for p in r.points]
    assert len(set(points)) == len(points)
    assert len(points) == len(profile.input_numbers) + len(profile.output_numbers)


@given(st.lists(st.integers(0, 999), max_size=30), st.integers(0, (1 << 16) - 1))
def test_a_counter_tells_each_passage_once_also_when_it_is_full(
    steps: list[int], begin: int
) -> None:
    counters = Counters({0: [("north", "passage_entry")]}, 1)
    list(counters.take({0: begin}))
    told, value = [], begin
    for step in steps:
        value = (value + step) % (1 << 16)
        told += list(counters.take({0: value}))
    assert len(told) == sum(steps)
    assert len({getattr(each, "id", None) for each in told}) == len(told)


def test_a_counter_that_was_set_is_not_people() -> None:
    counters = Counters({0: [("north", "passage_entry")]}, 2)
    list(counters.take({0: 5}))
    assert not list(counters.take({0: 90_000}))


def test_a_passage_is_told_from_one_sample_and_a_door_from_two() -> None:
    passage = Inputs({1: [("north", "passage_entry")]})
    list(passage.begin({1: False}))
    assert list(passage.take({1: True})) == [InputChanged("north", "passage_entry", value=True)]

    door = Inputs({1: [("door", "contact")]})
    list(door.begin({1: False}))
    assert not list(door.take({1: True}))
    assert not list(door.take({1: False}))
    assert not list(door.take({1: True}))
    assert list(door.take({1: True})) == [InputChanged("door", "contact", value=True)]
