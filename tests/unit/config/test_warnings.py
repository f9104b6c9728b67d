from pathlib import Path

import config
from tests.unit.config.stand_ins import WIRES

HALL = "[[space]]\nid = 'hall'\n"
DESK = "[[equipment]]\nid = 'desk'\nspace = 'hall'\n"


def warnings_of(text: str) -> list[str]:
    """Return what the author of a good file is told."""
    examined = config.examine_text(text, Path("site.toml"), {}, WIRES)
    return [problem.told(Path("site.toml")) for problem in examined.warnings]


def test_a_file_that_says_what_it_means_has_no_warnings() -> None:
    assert warnings_of(HALL + "capacity = 5\n" + DESK + "direction = 'both'\n") == []


def test_a_space_that_fills_for_good_is_told() -> None:
    (told,) = warnings_of(HALL + "capacity = 5\n" + DESK)

    assert told == (
        "site.toml:3: space[0].capacity: 5 persons fill it for good: no equipment serves its exit; "
        "add one, or dwell_min"
    )


def test_a_space_whose_visits_end_by_time_does_not_fill_for_good() -> None:
    assert warnings_of(HALL + "capacity = 5\ndwell_min = 90\n" + DESK) == []


def test_a_space_left_through_the_one_around_it_does_not_fill_for_good() -> None:
    around = "[[space]]\nid = 'house'\n"
    way_out = "[[equipment]]\nid = 'way-out'\nspace = 'house'\ndirection = 'exit'\n"

    assert warnings_of(around + HALL + "parent = 'house'\ncapacity = 5\n" + DESK + way_out) == []


def test_hard_anti_passback_without_an_exit_is_told() -> None:
    hard = HALL + "anti_passback = 'hard'\n"
    (told,) = warnings_of(hard + DESK)

    assert "space[0].anti_passback: nobody can come a second time" in told
    assert warnings_of(hard + "anti_passback_min = 60\n" + DESK) == []
    assert warnings_of(hard + "anti_passback_reset = '04:00'\n" + DESK) == []


def test_keys_without_effect_are_told() -> None:
    (told,) = warnings_of(HALL + "anti_passback_min = 60\n" + DESK)

    assert "space[0].anti_passback_min: has no effect: anti_passback is off" in told


def test_what_nobody_uses_is_told() -> None:
    text = """
[[space]]
id = "hall"
planning = "night"
[[equipment]]
id = "desk"
space = "hall"
[[planning]]
id = "opening"
week = { mon = ["10:00-12:00"] }
periods = { easter = {} }
[[planning]]
id = "night"
[[period]]
id = "easter"
[[period]]
id = "summer"
days = ["2026-07-01"]
[[controller]]
id = "north"
driver = "http"
"""

    assert warnings_of(text) == [
        "site.toml:9: planning[0].id: no space has the planning 'opening'",
        "site.toml:13: planning[1].id: has no hours at all: its spaces are always closed",
        "site.toml:14: period[0].days: has no days: the period never holds",
        "site.toml:17: period[1].id: no planning names the period 'summer'",
        "site.toml:20: controller[0].id: no equipment is wired to 'north'",
    ]
