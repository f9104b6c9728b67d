"""When refusals for one reason are more than habit and chance explain."""

from controllers.refusals import FEWEST, Counted, Jumped, Refusals, Settled

BEFORE = Counted({"too_early": 30, "no_stamps_left": 15}, 900)


def test_reason_that_jumps_is_told_once_with_its_figures() -> None:
    refusals = Refusals()
    recent = Counted({"unknown_ticket": 14, "too_early": 4}, 120)

    assert refusals.step(recent, BEFORE) == [Jumped("unknown_ticket", 14, 0)]
    assert refusals.step(recent, BEFORE) == []
    assert refusals.lasting == {"unknown_ticket"}


def test_usual_refusals_are_no_jump() -> None:
    assert Refusals().step(Counted({"too_early": 7, "no_stamps_left": 4}, 120), BEFORE) == []


def test_few_refusals_are_no_jump_whatever_came_before() -> None:
    few = Counted({"unknown_ticket": FEWEST - 1}, 10)

    assert Refusals().step(few, Counted({}, 0)) == []


def test_busy_minutes_with_the_usual_share_are_no_jump() -> None:
    assert Refusals().step(Counted({"too_early": 40}, 1200), BEFORE) == []


def test_jump_does_not_become_usual_by_lasting() -> None:
    refusals = Refusals()
    refusals.step(Counted({"bad_signature": 30}, 120), BEFORE)
    grown = Counted({"bad_signature": 225}, 900)

    assert refusals.step(Counted({"bad_signature": 30}, 120), grown) == []
    assert refusals.lasting == {"bad_signature"}


def test_jump_is_over_when_the_share_is_as_it_was() -> None:
    refusals = Refusals()
    refusals.step(Counted({"too_early": 60}, 120), BEFORE)

    assert refusals.step(Counted({"too_early": 20}, 120), BEFORE) == []
    assert refusals.step(Counted({"too_early": 5}, 120), BEFORE) == [Settled("too_early")]
    assert refusals.step(Counted({}, 0), BEFORE) == []


def test_evacuation_is_no_surprise() -> None:
    assert Refusals().step(Counted({"evacuation": 80}, 80), BEFORE) == []
