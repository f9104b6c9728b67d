"""Whether a gate can be reached, and what is remembered of its messages: without a clock."""

from drivers.drops import Drops
from drivers.mqtt.memory import Age, Seen
from drivers.mqtt.presence import Presence


def _presence(keepalive_s: float = 5) -> tuple[Presence, list[tuple[bool, str]]]:
    told: list[tuple[bool, str]] = []
    return Presence(keepalive_s, lambda up, why: told.append((up, why))), told


def test_up_only_when_broker_and_gate_both_say_so() -> None:
    presence, told = _presence()
    presence.status(0, online=True)
    presence.heard(0)
    assert told == []
    presence.connected(1)
    presence.heard(1)
    assert told == []
    presence.status(1, online=True)
    presence.status(2, online=True)

    assert told == [(True, "")]


def test_a_broker_that_comes_back_does_not_bring_its_gates_with_it() -> None:
    presence, told = _presence()
    presence.connected(0)
    presence.status(0, online=True)
    presence.lost("the broker is away")
    presence.lost("still")
    presence.connected(5)
    presence.heard(5)
    assert told[1:] == [(False, "the broker is away")]
    presence.status(5, online=True)

    assert told[2:] == [(True, "")]


def test_a_silent_gate_is_asked_then_told_down_and_up_at_its_first_word() -> None:
    presence, told = _presence(5)
    presence.connected(0)
    presence.status(0, online=True)

    asked = [second for second in range(1, 14) if presence.look(second)]

    assert asked == [5, 8, 11]
    assert told == [(True, ""), (False, "silent for 12 s")]
    presence.heard(14)
    assert told[-1] == (True, "")


def test_a_gate_that_is_offline_is_not_asked() -> None:
    presence, told = _presence(1)
    presence.connected(0)
    presence.status(0, online=False)

    assert not any(presence.look(second) for second in range(1, 20))
    assert told == [(False, "it is offline")]


def test_the_last_4096_ids_are_remembered() -> None:
    seen = Seen()
    for number in range(4096):
        assert not seen.before(number)
    assert all(seen.before(number) for number in range(4096))
    assert not seen.before("one more")
    assert not seen.before(0)
    assert seen.before(4095)


def test_age_is_by_the_devices_own_clock_however_wrong() -> None:
    age = Age()
    ahead = 3_600_000

    assert age.of(ahead, 10, 0.01) == 0
    assert age.of(ahead + 1000, 1015, 1.0) == 5
    assert age.of(ahead + 1000, 4010, 4.0) == 3000


def test_a_clock_that_is_set_is_believed_in_half_a_minute() -> None:
    age = Age()
    age.of(0, 0, 0)
    assert age.of(10_000 - 3_600_000, 10_000, 10) == 3_600_000
    assert age.of(16_000 - 3_600_000, 16_000, 16) == 3_600_000
    age.of(31_500 - 3_600_000, 31_500, 31.5)
    assert age.of(40_000 - 3_600_000, 40_000, 40) == 0
    assert age.of(50_000, 50_000, 50) == 0  # and back: at once


def test_a_burst_after_a_long_freeze_is_old_though_nothing_else_was_heard() -> None:
    age = Age()
    age.of(0, 0, 0)

    assert [age.of(second * 1000, 100_000, 100) for second in (1, 50, 99)] == [99_000, 50_000, 1000]


def test_drops_are_counted_and_spoken_of_once_a_minute_for_each_device() -> None:
    drops = Drops()
    for second in range(100):
        drops.count(second, "north-1", "rejected")
    drops.count(100, "north-2", "repeated")

    assert drops.counts == {"rejected": 100, "repeated": 1}
