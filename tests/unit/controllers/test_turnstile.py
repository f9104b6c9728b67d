"""A turnstile's plays: grants, passages, parties, modes."""

from typing import Final, Literal

import pytest

from controllers.commands import (
    Alarm,
    Annul,
    AskForCheck,
    Clear,
    Commit,
    Count,
    Raise,
    Release,
    Revoke,
    SetMode,
)
from controllers.events import (
    ContactChanged,
    EvacuationBegan,
    ForcedSeen,
    Granted,
    LinkLost,
    ModeSet,
    OpenOnce,
    PassageStarted,
    PassageTimedOut,
    Passed,
    Released,
    ReleaseFailed,
    TailgatingSeen,
    Tick,
    WrongWay,
)
from controllers.turnstile import Turnstile, TurnstileSettings
from tests.unit.controllers.playbook import Play

ENTRY: Final = "entry"
EXIT: Final = "exit"


def a_turnstile(**settings: float) -> Play:
    return Play(Turnstile(TurnstileSettings(**settings)))  # type: ignore[arg-type]


def test_a_grant_releases_and_its_passage_commits() -> None:
    play = a_turnstile()

    assert play.machine.state == "idle"
    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    assert play.machine.state == "released"
    play(Released("t1"))
    play(PassageStarted(ENTRY))
    assert play.machine.state == "passing"
    play(Passed(ENTRY, "t1", "b-1", 77), Commit("t1", 1, 77))
    assert play.machine.state == "idle"
    assert play.machine.next_at is None
    play.wait(60_000)


def test_a_passage_without_its_grant_named_is_that_of_the_direction_released() -> None:
    play = a_turnstile()

    play(Granted(EXIT, "t1"), Release(EXIT, "t1", 1))
    play(Passed(EXIT), Commit("t1", 1))


def test_nobody_passes_within_the_opening_time() -> None:
    play = a_turnstile(open_s=5)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.wait(300)
    play(Released("t1"))
    play.wait(4_999)
    play.wait(1, Revoke(ENTRY, "t1"), Annul("t1", "no passage"))
    assert play.machine.refusal(ENTRY) is None


def test_the_device_says_that_nobody_came() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(PassageTimedOut(tx="t0"))
    play(PassageTimedOut(EXIT))
    play(PassageTimedOut(ENTRY, "t1"), Revoke(ENTRY, "t1"), Annul("t1", "no passage"))
    play(PassageTimedOut(ENTRY, "t1"))


def test_a_passage_begun_has_time_of_its_own() -> None:
    play = a_turnstile(open_s=5, passage_s=30)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.wait(4_900)
    play(PassageStarted(ENTRY))
    play.wait(29_999)
    play.wait(1, Revoke(ENTRY, "t1"), Annul("t1", "no passage"))


def test_a_flagged_ticket_has_longer() -> None:
    play = a_turnstile(open_s=5, longer_open_s=12)

    play(Granted(ENTRY, "t1", longer=True), Release(ENTRY, "t1", 1, longer=True))
    play.wait(11_999)
    play.wait(1, Revoke(ENTRY, "t1"), Annul("t1", "no passage"))


def test_a_passage_late_without_its_grant_named_commits_all_the_same() -> None:
    play = a_turnstile(open_s=5, passage_s=10)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.wait(5_000, Revoke(ENTRY, "t1"), Annul("t1", "no passage"))
    play.wait(2_000)
    play(Passed(ENTRY), Commit("t1", 1))


def test_a_passage_after_the_device_said_that_nobody_came_is_nobody_s() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(PassageTimedOut(ENTRY, "t1"), Revoke(ENTRY, "t1"), Annul("t1", "no passage"))
    play.wait(2_000)
    play(
        Passed(ENTRY, id="b-1"),
        Count(ENTRY, 1, "unauthorized passage", "b-1"),
        Raise(Alarm.UNAUTHORIZED_PASSAGE, ENTRY),
    )


def test_a_passage_at_the_last_moment_is_in_time_though_the_clock_was_told_late() -> None:
    play = a_turnstile(open_s=5)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.now += 5_004
    play(Passed(ENTRY), Commit("t1", 1))


def test_a_passage_reported_long_after_with_its_grant_named_commits() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.wait(5_000, Revoke(ENTRY, "t1"), Annul("t1", "no passage"))
    play.wait(3_600_000)
    play(Passed(ENTRY, "t1", "b-1", 5), Commit("t1", 1, 5))


def test_passages_under_a_grant_from_before_a_restart_count_from_one() -> None:
    play = a_turnstile()

    play(Passed(ENTRY, "old", "b-1", 1_000), Commit("old", 1, 1_000))
    play(Passed(ENTRY, "old", "b-2", 2_000), Commit("old", 2, 2_000))


def test_a_late_passage_is_of_one_person_and_of_the_last_grant_only() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.wait(5_000, Revoke(ENTRY, "t1"), Annul("t1", "no passage"))
    play(Passed(ENTRY), Commit("t1", 1))
    play.wait(2_000)
    play(Passed(ENTRY), *unauthorized(ENTRY))
    play(Granted(ENTRY, "t2"), Release(ENTRY, "t2", 1))
    play.wait(5_000, Revoke(ENTRY, "t2"), Annul("t2", "no passage"))
    play(Granted(ENTRY, "t3"), Release(ENTRY, "t3", 1))
    play(Passed(ENTRY), Commit("t3", 1))
    play.wait(2_000)
    play(Passed(ENTRY), *unauthorized(ENTRY))


def test_an_acknowledgement_told_again_gives_no_more_time() -> None:
    play = a_turnstile(open_s=5)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(Released("t1"))
    play.wait(4_000)
    play(Released("t1"))
    play.wait(1_000, Revoke(ENTRY, "t1"), Annul("t1", "no passage"))


def test_an_acknowledgement_told_late_takes_no_time_from_who_is_passing() -> None:
    play = a_turnstile(open_s=5, passage_s=30)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(PassageStarted(ENTRY))
    play(Released("t1"))
    play.wait(29_000)
    play(Passed(ENTRY), Commit("t1", 1))


# --- the same again


def test_a_replayed_grant_does_not_open_twice() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(Granted(ENTRY, "t1"))
    play(Passed(ENTRY), Commit("t1", 1))
    play(Granted(ENTRY, "t1"))


def test_a_replayed_grant_that_was_given_back_does_not_open() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.wait(5_000, Revoke(ENTRY, "t1"), Annul("t1", "no passage"))
    play(Granted(ENTRY, "t1"))


def test_another_ticket_meanwhile_is_refused_and_given_back() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    assert play.machine.refusal(ENTRY) == "lane_busy"
    assert play.machine.refusal(EXIT) is None
    play(Granted(ENTRY, "t2"), Annul("t2", "lane busy"))
    play(Granted(EXIT, "t3"), Release(EXIT, "t3", 1))


@pytest.mark.parametrize("second", ["b-1", "b-2", None])
def test_a_signal_that_bounces_is_one_passage(second: str | None) -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(Passed(ENTRY, "t1", "b-1"), Commit("t1", 1))
    play.now += 30
    play(Passed(ENTRY, None, second))
    play.now += 30
    play(Passed(ENTRY, None, second))


def test_a_signal_that_bounces_under_its_grant_is_one_passage() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1", persons=2), Release(ENTRY, "t1", 1))
    play(Passed(ENTRY, "t1", "b-1"), Commit("t1", 1), Release(ENTRY, "t1", 1))
    play.now += 34
    play(Passed(ENTRY, "t1", "b-2"))
    play.now += 35
    play(Passed(ENTRY, "t1", "b-3"), Commit("t1", 2))


def test_passages_under_two_grants_are_two_however_close() -> None:
    play = a_turnstile()

    play(Passed(ENTRY, "t1", "b-1"), Commit("t1", 1))
    play(Passed(ENTRY, "t2", "b-2"), Commit("t2", 1))


def test_what_is_remembered_has_an_end() -> None:
    play = a_turnstile()

    for number in range(1_000):
        play.tell(Passed(ENTRY, f"t{number}", f"b-{number}"))

    turnstile = play.machine
    assert isinstance(turnstile, Turnstile)
    assert len(turnstile._passages._ids) == 256
    assert len(turnstile._passages._memory._grants) == 256


def test_a_passage_reported_again_later_is_one() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1", persons=2), Release(ENTRY, "t1", 1))
    play(Passed(ENTRY, "t1", "b-1"), Commit("t1", 1), Release(ENTRY, "t1", 1))
    play.now += 3_000
    play(Passed(ENTRY, "t1", "b-1"))


def test_passages_kept_by_the_device_and_told_at_once_are_each_one() -> None:
    play = a_turnstile()

    for number, at in enumerate((10_000, 14_000, 19_000)):
        play(Passed(ENTRY, f"t{number}", f"b-{number}", at), Commit(f"t{number}", 1, at))
    play(Passed(EXIT, None, "b-8", 21_000), *unauthorized(EXIT, "b-8", 21_000))
    play(Passed(EXIT, None, "b-9", 24_000), *unauthorized(EXIT, "b-9", 24_000))


def unauthorized(
    direction: Literal["entry", "exit"], name: str | None = None, at: int | None = None
) -> tuple[Count, Raise]:
    return (
        Count(direction, 1, "unauthorized passage", name, at),
        Raise(Alarm.UNAUTHORIZED_PASSAGE, direction),
    )


# --- parties


def test_each_of_a_party_gets_a_release_once_the_one_before_has_passed() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1", persons=3), Release(ENTRY, "t1", 1))
    play.wait(1_000)
    play(PassageStarted(ENTRY))
    play(Passed(ENTRY), Commit("t1", 1), Release(ENTRY, "t1", 1))
    assert play.machine.state == "released"
    play.wait(1_000)
    play(Passed(ENTRY), Commit("t1", 2), Release(ENTRY, "t1", 1))
    play.wait(1_000)
    play(Passed(ENTRY), Commit("t1", 3))


def test_those_of_a_party_who_do_not_come_are_given_back() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1", persons=3), Release(ENTRY, "t1", 1))
    play.wait(4_000)
    play(Passed(ENTRY), Commit("t1", 1), Release(ENTRY, "t1", 1))
    play.wait(4_999)
    play.wait(1, Revoke(ENTRY, "t1"), Annul("t1", "no passage"))


def test_a_gate_that_counts_itself_is_released_for_as_many_as_it_keeps() -> None:
    play = a_turnstile(device_credits=True, credits_max=3)

    play(Granted(ENTRY, "t1", persons=4), Release(ENTRY, "t1", 3))
    play.wait(1_000)
    play(Passed(ENTRY), Commit("t1", 1))
    play.wait(1_000)
    play(Passed(ENTRY), Commit("t1", 2))
    play.wait(1_000)
    play(Passed(ENTRY), Commit("t1", 3), Release(ENTRY, "t1", 1))
    play.wait(1_000)
    play(Passed(ENTRY), Commit("t1", 4))


# --- offences


def test_a_passage_without_a_grant_is_counted_and_told() -> None:
    play = a_turnstile()

    play(Passed(ENTRY, None, "b-1"), *unauthorized(ENTRY, "b-1"))


def test_who_follows_a_granted_person_is_a_tailgater() -> None:
    play = a_turnstile(tailgating_ms=1_500)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(Passed(ENTRY), Commit("t1", 1))
    play.wait(1_499)
    play(Passed(ENTRY), Count(ENTRY, 1, "tailgating"), Raise(Alarm.TAILGATING, ENTRY))
    play.wait(1_499)
    play(Passed(ENTRY), *unauthorized(ENTRY))


def test_who_comes_a_moment_later_is_no_tailgater() -> None:
    play = a_turnstile(tailgating_ms=1_500)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(Passed(ENTRY), Commit("t1", 1))
    play.wait(1_500)
    play(Passed(ENTRY), *unauthorized(ENTRY))


def test_who_the_device_calls_a_tailgater_is_one_though_no_grant_came_before() -> None:
    play = a_turnstile(tailgating_ms=1_500)

    play(TailgatingSeen(), Raise(Alarm.TAILGATING))
    play.wait(1_499)
    play(Passed(ENTRY), Count(ENTRY, 1, "tailgating"))
    play.wait(1_500)
    play(Passed(ENTRY), *unauthorized(ENTRY))


def test_more_passages_than_the_grant_had_persons_are_tailgating_whenever_told() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(Passed(ENTRY, "t1"), Commit("t1", 1))
    play.wait(9_000)
    play(Passed(ENTRY, "t1"), Count(ENTRY, 1, "tailgating"), Raise(Alarm.TAILGATING, ENTRY))


@pytest.mark.parametrize("device_first", [True, False])
def test_tailgating_told_by_the_device_is_not_told_twice(device_first: bool) -> None:
    play = a_turnstile()
    seen = TailgatingSeen(ENTRY)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(Passed(ENTRY), Commit("t1", 1))
    play.wait(500)
    if device_first:
        play(seen, Raise(Alarm.TAILGATING, ENTRY))
        play(Passed(ENTRY), Count(ENTRY, 1, "tailgating"))
    else:
        play(Passed(ENTRY), Count(ENTRY, 1, "tailgating"), Raise(Alarm.TAILGATING, ENTRY))
        play(seen)
    play.wait(9_000)
    play(seen, Raise(Alarm.TAILGATING, ENTRY))


def test_who_comes_against_the_release_is_counted_where_they_went_and_the_grant_stays() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(Passed(EXIT), Count(EXIT, 1, "wrong way"), Raise(Alarm.WRONG_WAY, EXIT))
    assert play.machine.state == "released"
    play(Passed(ENTRY), Commit("t1", 1))


def test_the_grant_of_somebody_met_the_wrong_way_ends_in_its_own_time() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.wait(4_000)
    play(Passed(EXIT, "t1"), Count(EXIT, 1, "wrong way"), Raise(Alarm.WRONG_WAY, EXIT))
    play.wait(1_000, Revoke(ENTRY, "t1"), Annul("t1", "no passage"))


def test_wrong_way_told_by_the_device_is_told_once() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(WrongWay(EXIT), Raise(Alarm.WRONG_WAY, EXIT))
    play.wait(300)
    play(Passed(EXIT), Count(EXIT, 1, "wrong way"))


def test_both_directions_at_once_are_two_passages() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(Granted(EXIT, "t2"), Release(EXIT, "t2", 1))
    play(Passed(EXIT), Commit("t2", 1))
    play(Passed(ENTRY), Commit("t1", 1))


def test_forced_is_told_until_it_works_again() -> None:
    play = a_turnstile()

    play(ForcedSeen(ENTRY), Raise(Alarm.FORCED, ENTRY))
    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(Released("t1"), Clear(Alarm.FORCED, ENTRY))


# --- operators


def test_an_operator_opens_for_one_person_who_is_counted_and_no_offender() -> None:
    play = a_turnstile()

    play(OpenOnce(ENTRY, "act"), Release(ENTRY, "act", 1))
    assert play.machine.refusal(ENTRY) == "lane_busy"
    play(OpenOnce(ENTRY, "act"))
    play(Released("act"))
    play(Passed(ENTRY, id="b-1"), Count(ENTRY, 1, "opened by operator", "b-1"))
    play(OpenOnce(ENTRY, "act"))


def test_nobody_uses_what_an_operator_opened() -> None:
    play = a_turnstile()

    play(OpenOnce(ENTRY, "act"), Release(ENTRY, "act", 1))
    play.wait(5_000, Revoke(ENTRY, "act"))


def test_an_operator_who_opens_for_somebody_let_in_already_changes_nothing() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(OpenOnce(ENTRY, "act"))
    play(ModeSet(EXIT, "free"), SetMode(EXIT, "free"))
    play(OpenOnce(EXIT, "act"))
    play(Passed(ENTRY), Commit("t1", 1))


def test_nobody_is_checked_where_everybody_may_pass() -> None:
    play = a_turnstile(bag_check=1.0)

    play(ModeSet(ENTRY, "free"), SetMode(ENTRY, "free"))
    play(Granted(ENTRY, "t1", dice=0.0))
    play(Passed(ENTRY), Commit("t1", 1))


def test_a_passage_begun_again_has_no_more_time() -> None:
    play = a_turnstile(passage_s=10)

    play(PassageStarted(ENTRY))
    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(PassageStarted(ENTRY))
    play.wait(9_000)
    play(PassageStarted(ENTRY))
    play.wait(1_000, Revoke(ENTRY, "t1"), Annul("t1", "no passage"))


def test_a_checked_bag_opens_when_confirmed() -> None:
    play = a_turnstile(bag_check=0.1)

    play(Granted(ENTRY, "t1", persons=2, dice=0.09), AskForCheck(ENTRY, "t1"))
    assert play.machine.state == "checking"
    play(Passed(ENTRY), *unauthorized(ENTRY))
    play.wait(20_000)
    play(OpenOnce(ENTRY, "act"), Release(ENTRY, "t1", 1))
    play.wait(4_000)
    play(Passed(ENTRY), Commit("t1", 1), Release(ENTRY, "t1", 1))


def test_a_bag_nobody_looks_into_is_given_back_and_the_gate_was_never_open() -> None:
    play = a_turnstile(bag_check=0.1, check_s=30)

    play(Granted(ENTRY, "t1", dice=0.0), AskForCheck(ENTRY, "t1"))
    play.wait(29_999)
    play.wait(1, Annul("t1", "check not confirmed"))
    play(Granted(ENTRY, "t2", dice=0.1), Release(ENTRY, "t2", 1))


def test_a_mode_set_again_does_not_take_the_place_of_a_check() -> None:
    play = a_turnstile(bag_check=0.1)

    play(Granted(ENTRY, "t1", dice=0.0), AskForCheck(ENTRY, "t1"))
    play(ModeSet(ENTRY, "normal"), SetMode(ENTRY, "normal"))
    assert play.machine.state == "checking"
    play(ModeSet(ENTRY, "free"), SetMode(ENTRY, "free"))
    play(Passed(ENTRY), Commit("t1", 1))


def test_a_mode_set_again_does_not_release_again() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(ModeSet(ENTRY, "normal"), SetMode(ENTRY, "normal"))
    play(Passed(ENTRY), Commit("t1", 1))


# --- modes


def test_a_free_way_counts_passages_and_is_not_pulsed() -> None:
    play = a_turnstile()

    play(ModeSet(ENTRY, "free"), SetMode(ENTRY, "free"))
    assert play.machine.free(ENTRY)
    assert not play.machine.free(EXIT)
    assert play.machine.state == "free"
    play(Passed(ENTRY, id="b-1"), Count(ENTRY, 1, "free passage", "b-1"))
    play(Granted(ENTRY, "t1"))
    play(Passed(ENTRY, id="b-2"))
    play.wait(1_000)
    play(Passed(ENTRY, id="b-3"), Commit("t1", 1))
    play(ModeSet(ENTRY, "normal"), SetMode(ENTRY, "normal"))


def test_a_locked_way_refuses_and_gives_back() -> None:
    play = a_turnstile()

    play(ModeSet(ENTRY, "locked"), SetMode(ENTRY, "locked"))
    assert play.machine.refusal(ENTRY) == "reader_out_of_service"
    assert play.machine.refusal(EXIT) is None
    assert play.machine.state == "locked"
    play(Granted(ENTRY, "t1"), Annul("t1", "locked"))
    play(OpenOnce(ENTRY, "act"))
    play(Passed(ENTRY), *unauthorized(ENTRY))


def test_locking_gives_back_whom_nobody_has_seen_yet() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(
        ModeSet(ENTRY, "locked"),
        Revoke(ENTRY, "t1"),
        Annul("t1", "locked"),
        SetMode(ENTRY, "locked"),
    )


def test_locking_lets_those_pass_who_are_passing() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(PassageStarted(ENTRY))
    play(ModeSet(ENTRY, "locked"), SetMode(ENTRY, "locked"))
    play(Passed(ENTRY), Commit("t1", 1))


def test_one_let_in_while_it_was_free_is_released_when_it_is_not_any_more() -> None:
    play = a_turnstile()

    play(ModeSet(ENTRY, "free"), SetMode(ENTRY, "free"))
    play(Granted(ENTRY, "t1"))
    play(ModeSet(ENTRY, "normal"), SetMode(ENTRY, "normal"), Release(ENTRY, "t1", 1))
    play(Passed(ENTRY), Commit("t1", 1))


# --- kinds of devices


def test_a_device_without_feedback_commits_what_it_has_taken() -> None:
    play = a_turnstile(assume_passed=1)

    play(Granted(ENTRY, "t1", persons=2), Release(ENTRY, "t1", 1))
    play.wait(1_000)
    play(Released("t1"), Commit("t1", 1))
    play.wait(4_999)
    play.wait(1, Release(ENTRY, "t1", 1))
    play(Released("t1"), Commit("t1", 2))
    assert play.machine.state == "idle"
    play.wait(9_000)


def test_a_device_without_feedback_that_does_not_answer_gives_back() -> None:
    play = a_turnstile(assume_passed=1)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.wait(5_000, Revoke(ENTRY, "t1"), Annul("t1", "no passage"))


@pytest.mark.parametrize("passes", [True, False])
def test_a_grant_that_is_counted_already_only_releases(passes: bool) -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1", counted=True), Release(ENTRY, "t1", 1))
    play(Released("t1"))
    if passes:
        play(Passed(ENTRY, "t1"))
    else:
        play.wait(5_000, Revoke(ENTRY, "t1"))
    play(LinkLost("cable"), Raise(Alarm.LINK_DOWN, text="cable"))
    play(Granted(ENTRY, "t2", counted=True))


def test_what_is_a_door_s_business_is_not_a_turnstile_s() -> None:
    play = a_turnstile()

    play(ContactChanged(open=True))
    play(Tick())
    play(Released("nobody"))
    play(ReleaseFailed("nobody", "timeout"))
    assert play.machine.refusal(ENTRY) is None
    play.tell(EvacuationBegan())
    assert play.machine.refusal(ENTRY) is None
