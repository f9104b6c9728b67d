"""A turnstile's plays when something is wrong: releases that fail, links, faults, evacuations."""

from typing import Any, Final

import pytest

from controllers.commands import (
    Alarm,
    Annul,
    AskForCheck,
    Clear,
    Commit,
    Count,
    Evacuate,
    EvacuationOver,
    Raise,
    Release,
    Revoke,
    SetMode,
)
from controllers.events import (
    BatteryRead,
    EvacuationBegan,
    EvacuationEnded,
    FaultCleared,
    FaultSeen,
    FireInput,
    ForcedSeen,
    Granted,
    LinkBack,
    LinkLost,
    ModeSet,
    OpenOnce,
    PassageStarted,
    Passed,
    PowerChanged,
    Released,
    ReleaseFailed,
    TailgatingSeen,
    WrongWay,
)
from controllers.turnstile import Turnstile, TurnstileSettings
from tests.unit.controllers.playbook import Play

ENTRY: Final = "entry"
EXIT: Final = "exit"
NORMAL = (SetMode(ENTRY, "normal"), SetMode(EXIT, "normal"))
FREE = (SetMode(ENTRY, "free"), SetMode(EXIT, "free"))
FAILED = Raise(Alarm.RELEASE_FAILED, ENTRY, "timeout")


def a_turnstile(**settings: Any) -> Play:
    return Play(Turnstile(TurnstileSettings(**settings)))


# --- releases that fail


def fails(play: Play, tx: str, *more: Raise) -> None:
    play(Granted(ENTRY, tx), Release(ENTRY, tx, 1))
    play(
        ReleaseFailed(tx, "timeout"),
        Revoke(ENTRY, tx),
        Annul(tx, "release failed"),
        FAILED,
        *more,
    )


def out_of_service() -> Play:
    play = a_turnstile()
    fails(play, "t1")
    fails(play, "t2")
    fails(play, "t3", Raise(Alarm.FAULT, text="3 releases in a row failed: timeout"))
    assert play.machine.state == "fault"
    return play


def test_a_release_that_fails_is_given_back_at_once() -> None:
    play = a_turnstile()

    fails(play, "t1")
    play(ReleaseFailed("t1", "timeout"))
    assert play.machine.refusal(ENTRY) is None
    play.wait(60_000)


def test_after_three_failures_in_a_row_it_is_out_of_service() -> None:
    play = out_of_service()

    assert play.machine.refusal(ENTRY) == "reader_out_of_service"
    assert play.machine.refusal(EXIT) == "reader_out_of_service"
    play(Granted(ENTRY, "t4"), Annul("t4", "out of service"))


def test_failures_in_a_row_are_forgotten_with_the_next_release_that_works() -> None:
    play = a_turnstile()

    fails(play, "t1")
    fails(play, "t2")
    play(Granted(ENTRY, "t3"), Release(ENTRY, "t3", 1))
    play(Released("t3"))
    play(Passed(ENTRY), Commit("t3", 1))
    fails(play, "t4")
    assert play.machine.refusal(ENTRY) is None


@pytest.mark.parametrize("event", [LinkBack(), FaultCleared()])
def test_out_of_service_ends_when_the_device_is_well_again(event: LinkBack | FaultCleared) -> None:
    play = out_of_service()

    assert Clear(Alarm.FAULT) in play.tell(event)
    assert play.machine.refusal(ENTRY) is None


def test_out_of_service_ends_when_an_operator_opens_and_it_follows() -> None:
    play = out_of_service()

    play(OpenOnce(ENTRY, "act"), Release(ENTRY, "act", 1))
    play(Released("act"), Clear(Alarm.FAULT))
    play(Passed(ENTRY), Count(ENTRY, 1, "opened by operator"))
    assert play.machine.refusal(ENTRY) is None


def test_who_passes_though_the_release_was_not_acknowledged_has_passed() -> None:
    play = a_turnstile()

    fails(play, "t1")
    play(Passed(ENTRY, "t1"), Commit("t1", 1))


def test_a_release_somebody_passes_under_has_not_failed() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(PassageStarted(ENTRY))
    play(ReleaseFailed("t1", "timeout"))
    play(Passed(ENTRY), Commit("t1", 1))


def test_the_rest_of_a_party_is_given_back_when_a_release_fails() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1", persons=3), Release(ENTRY, "t1", 1))
    play(Released("t1"))
    play(Passed(ENTRY), Commit("t1", 1), Release(ENTRY, "t1", 1))
    play(
        ReleaseFailed("t1", "timeout"),
        Revoke(ENTRY, "t1"),
        Annul("t1", "release failed"),
        FAILED,
    )


def test_a_release_of_a_party_one_has_passed_under_has_not_failed() -> None:
    play = a_turnstile(device_credits=True)

    play(Granted(ENTRY, "t1", persons=2), Release(ENTRY, "t1", 2))
    play(Passed(ENTRY), Commit("t1", 1))
    play(ReleaseFailed("t1", "timeout"))
    play.wait(1_000)
    play(Passed(ENTRY), Commit("t1", 2))


def test_failures_in_a_row_are_forgotten_when_somebody_passes_all_the_same() -> None:
    play = a_turnstile()

    fails(play, "t1")
    fails(play, "t2")
    play(Passed(ENTRY, "t2"), Commit("t2", 1))
    fails(play, "t3")
    assert play.machine.refusal(ENTRY) is None


# --- the link


def test_a_lost_link_refuses_scans_until_it_is_back_and_modes_are_set_again() -> None:
    play = a_turnstile()

    play(ModeSet(EXIT, "locked"), SetMode(EXIT, "locked"))
    play(LinkLost("broker"), Raise(Alarm.LINK_DOWN, text="broker"))
    play(LinkLost("broker"))
    assert play.machine.state == "out_of_service"
    assert play.machine.refusal(ENTRY) == "reader_out_of_service"
    play(Granted(ENTRY, "t1"), Annul("t1", "out of service"))
    play(OpenOnce(ENTRY, "act"))
    play(ModeSet(ENTRY, "free"))
    play(
        LinkBack(),
        Clear(Alarm.LINK_DOWN),
        SetMode(ENTRY, "free"),
        SetMode(EXIT, "locked"),
    )


def test_a_release_is_never_replayed_when_the_link_is_back() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1", persons=2), Release(ENTRY, "t1", 1))
    play.tell(LinkLost())
    play.wait(1_000)
    play(LinkBack(), Clear(Alarm.LINK_DOWN), *NORMAL)
    play(Passed(ENTRY), Commit("t1", 1), Annul("t1", "out of service"))


def test_who_was_let_in_before_the_link_was_lost_has_their_time_and_counts_later() -> None:
    play = a_turnstile(open_s=5)

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play.wait(1_000)
    play.tell(LinkLost())
    play.wait(3_999)
    play.wait(1, Annul("t1", "no passage"))
    play.wait(60_000)
    play.tell(LinkBack())
    play(Passed(ENTRY, "t1", "b-1", 4_000), Commit("t1", 1, 4_000))


def test_who_was_not_let_in_yet_is_given_back_when_the_link_is_lost() -> None:
    play = a_turnstile(bag_check=1.0)

    play(Granted(ENTRY, "t1", dice=0.5), AskForCheck(ENTRY, "t1"))
    play(LinkLost(), Raise(Alarm.LINK_DOWN), Annul("t1", "link lost"))


# --- the device


def test_a_fault_refuses_until_it_is_cleared() -> None:
    play = a_turnstile()

    play(FaultSeen("motor"), Raise(Alarm.FAULT, text="motor"))
    play(FaultSeen("motor"))
    play(FaultSeen("motor, tamper"), Raise(Alarm.FAULT, text="motor, tamper"))
    assert play.machine.state == "fault"
    assert play.machine.refusal(ENTRY) == "reader_out_of_service"
    play(LinkBack(), *NORMAL)
    assert play.machine.refusal(ENTRY) == "reader_out_of_service"
    play(FaultCleared(), Clear(Alarm.FAULT))
    assert play.machine.refusal(ENTRY) is None


def test_a_fault_ends_a_party_after_the_person_who_is_let_in() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1", persons=3), Release(ENTRY, "t1", 1))
    play(FaultSeen("motor"), Raise(Alarm.FAULT, text="motor"))
    play(Passed(ENTRY), Commit("t1", 1), Annul("t1", "out of service"))


def test_power_is_an_alarm_while_it_is_gone() -> None:
    play = a_turnstile()

    play(PowerChanged(ok=True))
    play(PowerChanged(ok=False), Raise(Alarm.POWER))
    play(PowerChanged(ok=False))
    assert play.machine.refusal(ENTRY) is None
    play(PowerChanged(ok=True), Clear(Alarm.POWER))


def test_a_battery_is_low_below_twenty_and_fine_above_twenty_five() -> None:
    play = a_turnstile()

    play(BatteryRead(20))
    play(BatteryRead(19), Raise(Alarm.BATTERY_LOW, text="19 %"))
    play(BatteryRead(18))
    play(BatteryRead(25))
    play(BatteryRead(19))
    play(BatteryRead(26), Clear(Alarm.BATTERY_LOW))
    play(BatteryRead(21))


# --- evacuation


def test_an_evacuation_gives_back_opens_and_counts_whoever_passes() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(EvacuationBegan(), Annul("t1", "evacuation"), *FREE)
    play(EvacuationBegan())
    assert play.machine.state == "evacuation"
    assert play.machine.free(ENTRY)
    assert play.machine.refusal(ENTRY) is None
    play(Passed(EXIT, id="b-1"), Count(EXIT, 1, "evacuation", "b-1"))
    play(Passed(ENTRY, id="b-2"), Count(ENTRY, 1, "evacuation", "b-2"))
    play.wait(1_000)
    play(Passed(ENTRY, "t1", "b-3"), Commit("t1", 1))


def test_a_grant_in_an_evacuation_is_given_back_for_who_passes_is_counted_anyway() -> None:
    play = a_turnstile()

    play.tell(EvacuationBegan())
    play(Granted(EXIT, "t1"), Annul("t1", "evacuation"))
    play(Passed(EXIT), Count(EXIT, 1, "evacuation"))


def test_nothing_is_locked_or_revoked_in_an_evacuation_whoever_asks() -> None:
    play = a_turnstile()

    play.tell(EvacuationBegan())
    play(ModeSet(ENTRY, "locked"), SetMode(ENTRY, "free"))
    play(OpenOnce(EXIT, "act"), SetMode(EXIT, "free"))
    play(ForcedSeen(ENTRY))
    play(TailgatingSeen())
    play(WrongWay())
    play.tell(LinkLost())
    play(LinkBack(), Clear(Alarm.LINK_DOWN), *FREE)
    play.wait(3_600_000)
    play(EvacuationEnded(), SetMode(ENTRY, "locked"), SetMode(EXIT, "normal"))
    assert play.machine.refusal(ENTRY) == "reader_out_of_service"


def test_fire_opens_at_once_and_only_an_acknowledgement_ends_it() -> None:
    play = a_turnstile()

    play(Granted(ENTRY, "t1"), Release(ENTRY, "t1", 1))
    play(FireInput(active=False))
    play(FireInput(active=True), Evacuate(), Annul("t1", "evacuation"), *FREE)
    play(FireInput(active=True))
    play(EvacuationBegan())
    play(FireInput(active=False), EvacuationOver())
    assert play.machine.state == "evacuation"
    play(EvacuationEnded(), *NORMAL)
    assert play.machine.state == "idle"


def test_an_acknowledgement_while_there_is_fire_is_none() -> None:
    play = a_turnstile()

    play.tell(FireInput(active=True))
    play(EvacuationEnded())
    assert play.machine.state == "evacuation"
    play(FireInput(active=False), EvacuationOver())
    assert play.machine.state == "evacuation"
    play(EvacuationEnded(), *NORMAL)


def test_an_end_without_an_evacuation_changes_nothing() -> None:
    play = a_turnstile()

    play(EvacuationEnded())


def test_a_gate_that_is_not_ready_after_an_evacuation_is_not_in_service() -> None:
    play = a_turnstile()

    play.tell(EvacuationBegan())
    play(FaultSeen("arms dropped"), Raise(Alarm.FAULT, text="arms dropped"))
    play(EvacuationEnded(), *NORMAL)
    assert play.machine.refusal(ENTRY) == "reader_out_of_service"
    assert play.machine.state == "fault"
