import itertools

import pytest

from controllers.looks import LOOKS, SOUNDS, Sound
from drivers.osdp import face
from drivers.osdp.holding import Holding


def test_no_two_looks_are_the_same_light() -> None:
    lights = [face.led(look.colour, look.rhythm) for look in LOOKS.values()]

    for one, other in itertools.combinations(lights, 2):
        assert one != other


def test_no_light_flashes_more_than_three_times_a_second() -> None:
    for look in LOOKS.values():
        led = face.led(look.colour, look.rhythm)
        if led["off_count"]:
            assert int(led["on_count"]) + int(led["off_count"]) > 3


def test_every_look_has_a_colour_that_readers_know() -> None:
    assert {look.colour for look in LOOKS.values()} <= face.COLOURS


def test_yes_and_no_sound_different() -> None:
    assert face.buzzer(SOUNDS[Sound.GRANTED]) != face.buzzer(SOUNDS[Sound.DENIED])


@pytest.mark.parametrize(
    ("lines", "rows", "shown"),
    [
        (("Trop tôt : 14/06/2026", "10:00"), 2, ["Trop tot :", "14/06/2026"]),
        (("Grüße",), 1, ["Gruße".replace("ß", "")]),
        ((), 2, ["", ""]),
        (("Donaudampfschifffahrt",), 1, ["Donaudampfschiff"]),
    ],
)
def test_texts_are_cut_to_the_display_between_words(
    lines: tuple[str, ...], rows: int, shown: list[str]
) -> None:
    told = face.texts(lines, 2_000, rows)

    assert [str(each["data"]).rstrip() for each in told] == shown
    assert [each["offset_row"] for each in told] == list(range(1, rows + 1))


def test_a_text_stays_a_little_longer_than_it_is_shown_so_that_it_does_not_flicker() -> None:
    assert face.texts(("a",), 4_000, 1)[0]["temp_time"] == 5


def test_a_text_for_long_is_shown_for_good() -> None:
    told = face.texts(("a",), 3_600_000, 1)[0]

    assert (told["control_code"], told["temp_time"]) == (1, 0)


@pytest.mark.parametrize(("ms", "tenths"), [(20, 1), (500, 5), (25_500, 255), (30_000, 255)])
def test_a_pulse_is_never_cut_down_to_the_low_byte_of_its_time(ms: int, tenths: int) -> None:
    assert face.timed_output(0, ms, on=True)["timer_count"] == tenths


class TestHolding:
    def test_a_short_pulse_is_the_readers_own_business(self) -> None:
        holding = Holding()
        holding.pulse(0, 25_000, 0.0, on=True)

        assert holding.carried_on(100.0) == []

    def test_a_long_pulse_is_carried_on_until_its_end(self) -> None:
        holding = Holding()
        holding.pulse(1, 60_000, 0.0, on=True)

        assert holding.carried_on(22.0) == []
        assert holding.carried_on(22.5) == [face.timed_output(1, 25_500, on=True)]
        assert holding.carried_on(45.0) == [face.timed_output(1, 15_000, on=True)]
        assert holding.carried_on(60.0) == []

    def test_something_else_that_is_asked_of_an_output_ends_it(self) -> None:
        holding = Holding()
        holding.pulse(1, 60_000, 0.0, on=True)
        holding.insist(2, 0.0, on=False)
        holding.forget(1)

        assert holding.carried_on(30.0) == []
        assert holding.closing(30.0) == [(2, False)]

    def test_what_must_be_closed_is_told_again_after_a_moment_and_once(self) -> None:
        holding = Holding()
        holding.insist(2, 10.0, on=False)

        assert holding.closing(10.2) == []
        assert holding.closing(10.25) == [(2, False)]
        assert holding.closing(11.0) == []
