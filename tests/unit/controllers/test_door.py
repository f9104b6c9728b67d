"""A door's plays: grants and contact, held and forced, the bolt, requests to exit, interlock."""

from typing import Any, Final

import pytest

from controllers.commands import (
    Alarm,
    Annul,
    Clear,
    Commit,
    Count,
    Lock,
    Raise,
    Release,
    Revoke,
    SetMode,
    Unlock,
)
from controllers.door import Door, DoorSettings
from controllers.events import (
    Acknowledged,
    BondChanged,
    ContactChanged,
    EvacuationBegan,
    EvacuationEnded,
    ExitRequested,
    FaultCleared,
    ForcedSeen,
    Granted,
    LinkBack,
    LinkLost,
    ModeSet,
    OpenOnce,
    Passed,
    Released,
    ReleaseFailed,
)
from controllers.interlock import Interlock
from tests.unit.controllers.playbook import Play

ENTRY: Final = "entry"
EXIT: Final = "exit"
OPEN = ContactChanged(open=True)
CLOSED = ContactChanged(open=False)
FORCED = Raise(Alarm.FORCED)
FAILED = Raise(Alarm.RELEASE_FAILED, ENTRY, "timeout")


def a_door(interlock: Interlock | None = None, **settings: Any) -> Play:
    """Return a door that is closed, and has been for a while."""
    play = Play(Door(DoorSettings(**settings), interlock), CLOSED)
    play.wait(1_000)
    return play


def test_a_grant_unlocks_and_the_opening_is_its_passage() -> None:
    play = a_door()

    assert play.machine.state == "idle"
    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    assert play.machine.state == "released"
    play(Released("t1"))
    play.wait(2_000)
    play(OPEN, Commit("t1", 1), Revoke(ENTRY, "t1"))
    assert play.machine.state == "open"
    play.wait(3_000)
    play(CLOSED)
    assert play.machine.state == "idle"
    assert play.machine.next_at is None


def test_a_door_may_lock_only_when_it_has_closed_again() -> None:
    play = a_door(relock="close")

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(OPEN, Commit("t1", 1))
    play.wait(1_000)
    play(CLOSED, Lock())


def test_who_does_not_open_is_given_back() -> None:
    play = a_door(open_s=5)

    play(Granted(ENTRY, "t1", persons=4), Release(ENTRY, "t1", 4))
    play.wait(4_999)
    play.wait(1, Revoke(ENTRY, "t1"), Annul("t1", "not opened"))


def test_another_grant_while_unlocked_restarts_the_time_and_both_may_open() -> None:
    play = a_door(open_s=5)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.wait(4_000)
    assert play.machine.refusal(ENTRY) is None
    play(Granted(ENTRY, "t2", persons=2), Release(ENTRY, "t2", 2))
    play.wait(4_000)
    play(OPEN, Commit("t1", 1), Commit("t2", 2), Revoke(ENTRY, "t2"))


def test_a_grant_at_a_door_that_stands_open_has_passed() -> None:
    play = a_door(open_s=5)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(OPEN, Commit("t1", 1), Revoke(ENTRY, "t1"))
    play.wait(1_000)
    play(Granted(ENTRY, "t2"), Release(ENTRY, "t2", 1), Commit("t2", 1))
    play.wait(5_000, Lock())
    play(CLOSED)


def test_a_replayed_grant_does_not_unlock_again() -> None:
    play = a_door()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(Granted(ENTRY, "t1"))
    play.wait(5_000, Revoke(ENTRY, "t1"), Annul("t1", "not opened"))
    play(Granted(ENTRY, "t1"))


def test_an_opening_told_shortly_after_the_time_commits() -> None:
    play = a_door(open_s=5)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.wait(5_000, Revoke(ENTRY, "t1"), Annul("t1", "not opened"))
    play.wait(900)
    play(OPEN, Commit("t1", 1))


def test_an_opening_told_later_than_that_is_forced() -> None:
    play = a_door(open_s=5)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.wait(5_000, Revoke(ENTRY, "t1"), Annul("t1", "not opened"))
    play.wait(1_000)
    play(OPEN, FORCED)


def test_an_opening_is_of_those_who_may_open_and_not_of_those_given_back() -> None:
    play = a_door(open_s=5)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.wait(5_000, Revoke(ENTRY, "t1"), Annul("t1", "not opened"))
    play(OpenOnce(ENTRY, "act"), Release(ENTRY, "act", 1))
    play(ReleaseFailed("act", "timeout"), Revoke(ENTRY, "act"), FAILED)
    play(OPEN, FORCED)


def test_an_opening_at_the_last_moment_is_in_time_though_the_clock_was_told_late() -> None:
    play = a_door(open_s=5)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.now += 5_004
    play(OPEN, Commit("t1", 1), Revoke(ENTRY, "t1"))


def test_a_release_that_fails_is_given_back_at_once() -> None:
    play = a_door()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(
        ReleaseFailed("t1", "timeout"),
        Revoke(ENTRY, "t1"),
        Annul("t1", "release failed"),
        Raise(Alarm.RELEASE_FAILED, ENTRY, "timeout"),
    )
    play(ReleaseFailed("t1", "timeout"))


def test_a_release_that_fails_does_not_lock_out_others_who_may_open() -> None:
    play = a_door()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(Granted(ENTRY, "t2"), Release(ENTRY, "t2", 1))
    play(ReleaseFailed("t2", "timeout"), Annul("t2", "release failed"), FAILED)
    play(OPEN, Commit("t1", 1), Revoke(ENTRY, "t1"))


def test_after_three_failures_in_a_row_it_is_out_of_service_until_it_follows() -> None:
    play = a_door()

    for number in range(3):
        play.tell(Granted(ENTRY, f"t{number}"))
        play.tell(ReleaseFailed(f"t{number}", "timeout"))
    assert play.machine.refusal(ENTRY) == "reader_out_of_service"
    play(OpenOnce(ENTRY, "act"), Release(ENTRY, "act", 1))
    play(Released("act"), Clear(Alarm.FAULT))
    assert play.machine.refusal(ENTRY) is None


def test_a_second_grant_takes_no_time_from_a_flagged_one() -> None:
    play = a_door(open_s=5, longer_open_s=12)

    play(Granted(ENTRY, "t1", longer=True), Release(ENTRY, "t1", 1, longer=True))
    play(Granted(ENTRY, "t2"), Release(ENTRY, "t2", 1))
    play.wait(11_999)
    play.wait(1, Revoke(ENTRY, "t2"), Annul("t1", "not opened"), Annul("t2", "not opened"))


def test_who_is_let_in_while_it_stands_open_has_time_anew() -> None:
    play = a_door(held_warning_s=20)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(OPEN, Commit("t1", 1), Revoke(ENTRY, "t1"))
    play.wait(15_000)
    play(Granted(ENTRY, "t2"), Release(ENTRY, "t2", 1), Commit("t2", 1))
    play.wait(19_999, Lock())
    play.wait(1, Raise(Alarm.HELD_WARNING))


def test_a_grant_counted_already_only_unlocks() -> None:
    play = a_door()

    play(Granted(ENTRY, "t1", counted=True), Release(ENTRY, "t1", 1))
    play(OPEN, Revoke(ENTRY, "t1"))
    play(CLOSED)
    play.wait(1_000)
    play(Granted(ENTRY, "t2", counted=True), Release(ENTRY, "t2", 1))
    play.wait(5_000, Revoke(ENTRY, "t2"))


def test_a_door_without_a_contact_commits_what_it_has_taken() -> None:
    play = Play(Door(DoorSettings(assume_passed=True)))

    play(Granted(ENTRY, "t1", persons=2), Release(ENTRY, "t1", 2))
    play(Released("t1"), Commit("t1", 2))
    play(Passed(ENTRY, "t1"))
    play.wait(5_000, Lock())


def test_a_door_whose_device_tells_of_passages_counts_each() -> None:
    play = Play(Door())

    play(Granted(ENTRY, "t1", persons=2), Release(ENTRY, "t1", 2))
    play(Passed(ENTRY), Commit("t1", 1))
    play(Passed(ENTRY, "t1"), Commit("t1", 2))
    play(Passed(ENTRY, "old", "b-1", 7), Commit("old", 1, 7))
    play(Granted(ENTRY, "t2"), Release(ENTRY, "t2", 1))
    play(Granted(ENTRY, "t3"), Release(ENTRY, "t3", 1))
    play(Passed(ENTRY), Commit("t2", 1))
    play(Passed(ENTRY), Commit("t3", 1))
    play(
        Passed(EXIT),
        Count(EXIT, 1, "unauthorized passage"),
        Raise(Alarm.UNAUTHORIZED_PASSAGE, EXIT),
    )


def test_an_operator_opens_and_who_goes_in_is_counted() -> None:
    play = a_door()

    play(OpenOnce(ENTRY, "act"), Release(ENTRY, "act", 1))
    play(OpenOnce(ENTRY, "act"))
    play(OPEN, Count(ENTRY, 1, "opened by operator"), Revoke(ENTRY, "act"))


# --- the contact is a level


def test_the_same_level_told_again_is_no_opening() -> None:
    play = a_door()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(OPEN, Commit("t1", 1), Revoke(ENTRY, "t1"))
    play.wait(1_000)
    play(OPEN)
    play(CLOSED)
    play.wait(1_000)
    play(CLOSED)
    assert play.machine.state == "idle"


def test_a_lost_edge_is_put_right_by_the_next_reading() -> None:
    play = a_door()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(OPEN, Commit("t1", 1), Revoke(ENTRY, "t1"))
    # Its closing was lost; the next person opens it, closes it.
    play.wait(2_000)
    play(OPEN)
    play.wait(2_000)
    play(CLOSED)
    assert play.machine.state == "idle"


def test_a_contact_that_bounces_opens_once_and_is_not_forced() -> None:
    play = a_door()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(OPEN, Commit("t1", 1), Revoke(ENTRY, "t1"))
    for level in (CLOSED, OPEN, CLOSED, OPEN):
        play.wait(5)
        play(level)
    play.wait(1_000)
    assert play.machine.state == "open"


def test_a_contact_that_bounces_and_then_stands_otherwise_is_believed() -> None:
    play = a_door()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(OPEN, Commit("t1", 1), Revoke(ENTRY, "t1"))
    play.wait(5)
    play(CLOSED)
    assert play.machine.state == "open"
    play.wait(30)
    assert play.machine.state == "idle"


def test_a_door_found_open_when_its_link_is_back_is_not_forced() -> None:
    play = a_door(held_warning_s=20)

    play(LinkLost("cable"), Raise(Alarm.LINK_DOWN, text="cable"))
    assert play.machine.state == "out_of_service"
    play(LinkBack(), Clear(Alarm.LINK_DOWN), SetMode(ENTRY, "normal"), SetMode(EXIT, "normal"))
    assert play.machine.state == "unknown"
    play(OPEN)
    assert play.machine.state == "open"
    play.wait(20_000, Raise(Alarm.HELD_WARNING))


def test_who_was_let_in_before_the_link_was_lost_has_passed_if_the_door_is_open_then() -> None:
    play = a_door(relock="close")

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.tell(LinkLost())
    play.wait(1_000)
    play.tell(LinkBack())
    play(CLOSED)
    play.wait(1_000)
    play(OPEN, Commit("t1", 1))


def test_nothing_is_sent_while_the_link_is_down() -> None:
    play = a_door()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.tell(LinkLost())
    assert play.machine.refusal(ENTRY) == "reader_out_of_service"
    play(Granted(ENTRY, "t2"), Annul("t2", "out of service"))
    play(OpenOnce(ENTRY, "act"))
    play(ModeSet(ENTRY, "free"))
    play(ModeSet(ENTRY, "normal"))
    play.wait(5_000, Annul("t1", "not opened"))


# --- held, forced, the bolt


def test_held_open_is_a_warning_then_an_alarm() -> None:
    play = a_door(held_warning_s=20, held_s=30)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(OPEN, Commit("t1", 1), Revoke(ENTRY, "t1"))
    play.wait(19_999)
    play.wait(1, Raise(Alarm.HELD_WARNING))
    play.wait(9_999)
    play.wait(1, Raise(Alarm.HELD_OPEN), Clear(Alarm.HELD_WARNING))
    assert play.machine.state == "held"
    play.wait(3_600_000)
    play(CLOSED, Clear(Alarm.HELD_OPEN))
    assert play.machine.state == "idle"


def test_held_open_is_later_for_a_flagged_ticket_and_only_for_it() -> None:
    play = a_door(open_s=5, longer_open_s=12, held_warning_s=20, held_s=30)

    play(Granted(ENTRY, "t1", longer=True), Release(ENTRY, "t1", 1, longer=True))
    play.wait(11_999)
    play(OPEN, Commit("t1", 1), Revoke(ENTRY, "t1"))
    play.wait(39_999)
    play(CLOSED)
    play.wait(1_000)
    play(Granted(ENTRY, "t2"), Release(ENTRY, "t2", 1))
    play(OPEN, Commit("t2", 1), Revoke(ENTRY, "t2"))
    play.wait(20_000, Raise(Alarm.HELD_WARNING))
    play(CLOSED, Clear(Alarm.HELD_WARNING))


def test_forced_is_over_when_it_is_closed_and_a_grant_does_not_end_it() -> None:
    play = a_door(held_warning_s=20)

    play(OPEN, FORCED)
    assert play.machine.state == "forced"
    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1), Commit("t1", 1))
    assert play.machine.state == "forced"
    play.wait(60_000, Lock())
    play(CLOSED, Clear(Alarm.FORCED))
    assert play.machine.state == "idle"


@pytest.mark.parametrize("seen_to", [Acknowledged(Alarm.FORCED), FaultCleared()])
def test_forced_is_over_when_somebody_has_seen_to_it_and_then_it_is_held(
    seen_to: Acknowledged | FaultCleared,
) -> None:
    play = a_door(held_warning_s=20)

    play(OPEN, FORCED)
    play.wait(50_000)
    play(seen_to, Clear(Alarm.FORCED))
    play.wait(20_000, Raise(Alarm.HELD_WARNING))


def test_forced_told_by_the_device_is_told_once() -> None:
    play = a_door()

    play(ForcedSeen(), FORCED)
    play(OPEN)
    play.wait(1_000)
    play(CLOSED, Clear(Alarm.FORCED))


def test_a_bolt_that_does_not_hold_is_a_fault_once_it_had_time() -> None:
    play = a_door(bolt_s=2)

    play(BondChanged(locked=True))
    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(BondChanged(locked=False))
    play(OPEN, Commit("t1", 1), Revoke(ENTRY, "t1"))
    play.wait(3_000)
    play(CLOSED)
    play.wait(1_999)
    play.wait(1, Raise(Alarm.LOCK_FAULT))
    play(BondChanged(locked=True), Clear(Alarm.LOCK_FAULT))


# --- requests to exit


def test_who_opens_upon_a_request_to_exit_has_not_forced_it_and_is_not_counted() -> None:
    play = a_door(rex_s=3)

    play(ExitRequested())
    play.wait(2_999)
    play(OPEN)
    play.wait(1_000)
    play(CLOSED)
    play.wait(1_000)
    play(OPEN, FORCED)


def test_a_request_to_exit_does_not_excuse_an_opening_later() -> None:
    play = a_door(rex_s=3)

    play(ExitRequested())
    play.wait(3_000)
    play(OPEN, FORCED)


def test_a_request_to_exit_may_unlock_and_be_counted() -> None:
    play = a_door(rex_unlocks=True, count_rex=True, open_s=5)

    play(ExitRequested(), Unlock(5_000))
    play.wait(4_000)
    play(OPEN, Count(EXIT, 1, "exit requested"), Lock())
    play(CLOSED)
    play.wait(1_000)
    play(ExitRequested(), Unlock(5_000))
    play.wait(5_000, Lock())


def test_a_request_to_exit_is_heard_though_the_door_is_locked() -> None:
    play = a_door(rex_unlocks=True, open_s=5)

    play(ModeSet(EXIT, "locked"), SetMode(EXIT, "locked"))
    play(ExitRequested(), Unlock(5_000))


# --- modes


def test_a_free_door_is_neither_forced_nor_held() -> None:
    play = a_door()

    play(ModeSet(ENTRY, "free"), SetMode(ENTRY, "free"))
    assert play.machine.free(ENTRY)
    assert play.machine.state == "free"
    play(OPEN)
    play.wait(3_600_000)
    play(ModeSet(ENTRY, "normal"), SetMode(ENTRY, "normal"))
    play.wait(20_000, Raise(Alarm.HELD_WARNING))
    play(ModeSet(ENTRY, "free"), SetMode(ENTRY, "free"), Clear(Alarm.HELD_WARNING))


def test_who_opens_a_free_door_is_counted_where_it_leads_one_way() -> None:
    play = a_door(count_free="exit")

    play(ModeSet(EXIT, "free"), SetMode(EXIT, "free"))
    play(OPEN, Count(EXIT, 1, "free passage"))
    play(CLOSED)
    play.wait(1_000)
    play(Granted(EXIT, "t1"))
    play(OPEN, Commit("t1", 1))


def test_a_forced_door_set_free_is_forced_no_more() -> None:
    play = a_door()

    play(OPEN, FORCED)
    play(ModeSet(ENTRY, "free"), SetMode(ENTRY, "free"), Clear(Alarm.FORCED))


def test_a_locked_door_gives_back_and_refuses() -> None:
    play = a_door()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(
        ModeSet(ENTRY, "locked"),
        Revoke(ENTRY, "t1"),
        Annul("t1", "locked"),
        SetMode(ENTRY, "locked"),
    )
    assert play.machine.refusal(ENTRY) == "reader_out_of_service"
    assert play.machine.refusal(EXIT) is None
    assert play.machine.state == "locked"
    play(Granted(ENTRY, "t2"), Annul("t2", "locked"))
    play(OpenOnce(ENTRY, "act"))


# --- evacuation


def test_a_fail_safe_door_opens_in_an_evacuation_and_nothing_is_locked() -> None:
    play = a_door(lock="fail-safe", count_free="exit")

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(
        EvacuationBegan(),
        Annul("t1", "evacuation"),
        SetMode(ENTRY, "free"),
        SetMode(EXIT, "free"),
    )
    assert play.machine.state == "evacuation"
    assert play.machine.refusal(ENTRY) is None
    play(ModeSet(ENTRY, "locked"), SetMode(ENTRY, "free"))
    play(OPEN, Count(EXIT, 1, "evacuation"))
    play.wait(3_600_000)
    play(CLOSED)
    play(Granted(EXIT, "t2"), Annul("t2", "evacuation"))
    play(OpenOnce(EXIT, "act"), SetMode(EXIT, "free"))
    play(EvacuationEnded(), SetMode(ENTRY, "locked"), SetMode(EXIT, "normal"))


def test_a_fail_secure_door_stays_as_it_is_but_opens_for_whoever_asks() -> None:
    play = a_door(lock="fail-secure", rex_unlocks=True)

    play(EvacuationBegan())
    play(Granted(EXIT, "t1"), Release(EXIT, "t1", 1), Annul("t1", "evacuation"))
    play(OpenOnce(EXIT, "act"), Unlock(5_000))
    play(ExitRequested(), Unlock(5_000))
    play(OPEN)
    play.wait(60_000)
    play(CLOSED)
    play.wait(1_000)
    play(OPEN)
    play(EvacuationEnded(), SetMode(ENTRY, "normal"), SetMode(EXIT, "normal"))


def test_in_an_evacuation_no_scan_is_refused_by_the_door_and_a_lost_link_is_not_spoken_to() -> None:
    play = a_door(lock="fail-secure")

    play.tell(LinkLost())
    play.tell(EvacuationBegan())
    assert play.machine.refusal(EXIT) is None
    play(Granted(EXIT, "t1"), Annul("t1", "evacuation"))


def test_a_fail_secure_door_may_be_said_to_open_in_an_evacuation() -> None:
    play = a_door(lock="fail-secure", open_in_evacuation=True)

    play(EvacuationBegan(), SetMode(ENTRY, "free"), SetMode(EXIT, "free"))


# --- interlock


def an_airlock(**settings: Any) -> tuple[Play, Play]:
    group = Interlock()
    return a_door(group, **settings), a_door(group, **settings)


def test_one_door_of_an_airlock_opens_at_a_time() -> None:
    outer, inner = an_airlock()

    outer(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    assert inner.machine.refusal(ENTRY) == "lane_busy"
    assert outer.machine.refusal(ENTRY) is None
    inner(Granted(ENTRY, "t2"), Annul("t2", "interlock"))
    outer(OPEN, Commit("t1", 1), Revoke(ENTRY, "t1"))
    inner(OpenOnce(ENTRY, "act"))
    outer(CLOSED)
    outer.wait(35)
    assert inner.machine.refusal(ENTRY) is None
    inner(Granted(ENTRY, "t3"), Release(ENTRY, "t3", 1))


def test_a_door_nobody_knows_of_is_not_secure() -> None:
    outer, inner = an_airlock()

    outer.tell(LinkLost())
    inner(Granted(ENTRY, "t1"), Annul("t1", "interlock"))
    outer.tell(LinkBack())
    inner(Granted(ENTRY, "t2"), Annul("t2", "interlock"))
    outer.tell(CLOSED)
    outer.tell(BondChanged(locked=False))
    inner(Granted(ENTRY, "t3"), Annul("t3", "interlock"))
    outer.tell(BondChanged(locked=True))
    inner(Granted(ENTRY, "t4"), Release(ENTRY, "t4", 1))


def test_while_a_door_is_free_the_other_stays_shut() -> None:
    outer, inner = an_airlock()

    outer(ModeSet(ENTRY, "free"), SetMode(ENTRY, "free"))
    outer(OpenOnce(ENTRY, "act"))
    inner(Granted(ENTRY, "t1"), Annul("t1", "interlock"))
    inner.tell(OPEN)
    outer(Granted(ENTRY, "t2"))
    outer(OPEN, Commit("t2", 1))


def test_a_request_to_exit_waits_for_the_other_door() -> None:
    outer, inner = an_airlock(rex_unlocks=True)

    outer.tell(Granted(ENTRY, "t1"))
    inner(ExitRequested())
    outer.pass_time(5_000)
    inner(ExitRequested(), Unlock(5_000))


def test_an_evacuation_goes_before_an_interlock() -> None:
    outer, inner = an_airlock(lock="fail-secure", rex_unlocks=True)

    outer.tell(OPEN)
    inner(EvacuationBegan())
    inner(Granted(EXIT, "t1"), Release(EXIT, "t1", 1), Annul("t1", "evacuation"))
    inner(ExitRequested(), Unlock(5_000))


# --- small print


def test_a_request_to_exit_excuses_one_opening() -> None:
    play = a_door(rex_s=3)

    play(ExitRequested())
    play(OPEN)
    play.wait(500)
    play(CLOSED)
    play.wait(500)
    play(OPEN, FORCED)


def test_a_request_to_exit_unlocks_nothing_that_is_out_of_reach_or_free() -> None:
    play = a_door(rex_unlocks=True)

    play(ModeSet(EXIT, "free"), SetMode(EXIT, "free"))
    play(ExitRequested())
    play.tell(ModeSet(EXIT, "normal"))
    play.tell(LinkLost())
    play(ExitRequested())


def test_passages_through_a_free_door_that_tells_of_them_are_no_offence() -> None:
    play = Play(Door(DoorSettings(lock="fail-secure")))

    play(ModeSet(ENTRY, "free"), SetMode(ENTRY, "free"))
    play(Passed(ENTRY), Count(ENTRY, 1, "free passage"))
    play.tell(ModeSet(ENTRY, "normal"))
    play.tell(EvacuationBegan())
    play(Passed(EXIT), Count(EXIT, 1, "evacuation"))


def test_who_is_told_to_have_passed_a_door_with_a_contact_is_counted_by_the_contact() -> None:
    play = a_door()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(OPEN, Commit("t1", 1), Revoke(ENTRY, "t1"))
    play(Passed(ENTRY, "t1"))


def test_a_bolt_out_of_sight_is_no_fault() -> None:
    play = a_door(bolt_s=2)

    play(BondChanged(locked=False))
    play.tell(LinkLost())
    play.wait(10_000)
    play.tell(LinkBack())
    play(CLOSED)
    play.wait(10_000)


def test_who_was_let_in_while_it_stood_open_may_open_it_again() -> None:
    play = a_door(open_s=5)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(OPEN, Commit("t1", 1), Revoke(ENTRY, "t1"))
    play.wait(1_000)
    play(Granted(ENTRY, "t2"), Release(ENTRY, "t2", 1), Commit("t2", 1))
    play.wait(1_000)
    play(CLOSED)
    play.wait(1_000)
    play(OPEN)
    play.wait(3_000, Lock())
