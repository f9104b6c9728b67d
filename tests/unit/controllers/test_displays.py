"""What people at a gate see and hear."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from controllers.displays import (
    STANDING_LIGHTS,
    Display,
    Panel,
    ShowLight,
    Shown,
    ShowText,
    SoundBuzzer,
    Standing,
    Timing,
    blinks,
    buzzes,
    lamps,
)
from controllers.looks import (
    ATTENTION,
    CHECK,
    GRANTED,
    LOOKS,
    REFUSED,
    SOUNDS,
    Light,
    Sound,
    answer,
)
from controllers.outputs import Pulse, Set
from controllers.text import ELLIPSIS, pages, width
from controllers.words import STANDING
from gateway.tickets.phrases import LANGUAGES
from gateway.tickets.phrases import REFUSED as PHRASES
from gateway.tickets.reasons import Reason

SMALL = Panel(16, 2)
TIMING = Timing(granted_ms=5_000, longer_ms=10_000, denied_ms=2_000, page_ms=1_500, turn_ms=4_000)


def display(*languages: str, panel: Panel = SMALL) -> Display:
    shown = Display(panel, languages or ("en",), TIMING)
    shown.stand(Standing.IDLE, 0)
    return shown


def watch(shown: Display, until: int) -> list[tuple[int, Shown]]:
    """Return all that is shown as time passes, each with its instant."""
    found: list[tuple[int, Shown]] = []
    while (due := shown.next_at) is not None and due <= until:
        found += [(due, each) for each in shown.tick(due)]
    return found


class TestLooks:
    def test_every_reason_has_a_look(self) -> None:
        assert set(REFUSED) == {reason.value for reason in Reason}

    def test_every_pattern_has_its_look_and_every_state_its_light(self) -> None:
        assert set(LOOKS) == set(Light)
        assert set(SOUNDS) == set(Sound)
        assert set(STANDING_LIGHTS) == set(Standing)

    def test_no_two_looks_are_told_apart_by_colour_alone(self) -> None:
        for one, two in combinations(LOOKS.values(), 2):
            assert one.symbol != two.symbol
            assert one.rhythm != two.rhythm

    def test_sounds_are_told_apart_by_rhythm(self) -> None:
        assert len(set(SOUNDS.values())) == len(SOUNDS)
        assert len({len(rhythm) for rhythm in (SOUNDS[Sound.GRANTED], SOUNDS[Sound.DENIED])}) == 2

    @pytest.mark.parametrize("light", Light)
    def test_no_light_flashes_more_than_three_times_a_second(self, light: Light) -> None:
        begins = [at for at, _ in blinks(LOOKS[light].rhythm, 10_000)]

        assert all(later - begins[at] >= 1_000 for at, later in enumerate(begins[3:]))

    def test_nothing_sounds_over_the_fire_alarm(self) -> None:
        assert answer(granted=False, reason="evacuation").sound is None

    def test_a_refusal_is_never_shown_as_a_grant(self) -> None:
        shown = {answer(granted=False, reason=reason).light for reason in Reason}

        assert not shown & {Light.GRANTED, Light.ATTENTION, Light.FREE, Light.IDLE}

    def test_a_reason_of_later_versions_is_a_plain_no(self) -> None:
        assert answer(granted=False, reason="wears_a_hat") == answer(
            granted=False, reason="unknown_ticket"
        )

    def test_a_grant_to_be_looked_at_is_shown_so(self) -> None:
        assert answer(granted=True) == GRANTED
        assert answer(granted=True, attention=True) == ATTENTION


class TestTexts:
    def test_lines_end_between_words(self) -> None:
        assert pages("Full: please wait", SMALL) == (("Full: please", "wait"),)

    def test_what_does_not_fit_is_on_the_next_page_and_then_cut(self) -> None:
        message = "Already used 3 times: first 12/06/2026 10:02, last 13/06/2026 18:40 (north-2)"

        assert pages(message, SMALL) == (
            ("Already used 3", "times: first"),
            ("12/06/2026", "10:02, last…"),
        )

    def test_a_word_longer_than_a_line_is_cut(self) -> None:
        assert pages("Taschenkontrolle: bitte", Panel(10, 2), most=1) == (
            ("Taschenkon", "trolle:" + ELLIPSIS),
        )

    def test_a_colon_never_begins_a_line(self) -> None:
        assert pages("Un seul instant : ici", SMALL) == (("Un seul", "instant : ici"),)

    def test_an_accent_stays_with_its_letter(self) -> None:
        assert pages("e\N{COMBINING DOT BELOW}" * 5, Panel(3, 1)) == (
            ("\N{LATIN SMALL LETTER E WITH DOT BELOW}" * 3,),
            ("\N{LATIN SMALL LETTER E WITH DOT BELOW}" * 2,),
        )
        assert pages("x\N{COMBINING DOT BELOW}" * 5, Panel(3, 1))[0] == (
            "x\N{COMBINING DOT BELOW}" * 3,
        )

    def test_a_display_of_plain_letters_gets_plain_letters(self) -> None:
        plain = Panel(20, 2, plain=True)

        assert pages("Évacuation : entrée", plain) == (("Evacuation : entree",),)
        assert pages("Außer Betrieb · 票", plain) == (("Ausser Betrieb - ?",),)

    def test_nothing_on_a_display_steers_it(self) -> None:
        assert pages("a\x1b[2J\r\nb\u2028c", SMALL) == (("a [2J b c",),)

    def test_nothing_to_say_is_no_page(self) -> None:
        assert pages("", SMALL) == ()

    @given(
        st.text(max_size=200),
        st.builds(Panel, st.integers(4, 21), st.integers(1, 4), st.booleans()),
        st.integers(1, 3),
    )
    def test_whatever_is_said_fits(self, message: str, panel: Panel, most: int) -> None:
        cut = pages(message, panel, most)

        assert len(cut) <= most
        for page in cut:
            assert 1 <= len(page) <= panel.lines
            for line in page:
                assert width(line) <= panel.columns
                assert line.isprintable() or not panel.plain
                assert line.isascii() or not panel.plain

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_short_refusal_fits_a_small_display(self, language: str) -> None:
        for reason in Reason:
            text = PHRASES[language][reason]
            assert not any(ELLIPSIS in line for page in pages(text, SMALL) for line in page), text


class TestWords:
    def test_every_language_has_a_word_for_every_state(self) -> None:
        assert set(STANDING) == set(LANGUAGES)
        assert all(set(words) == set(Standing) for words in STANDING.values())

    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("standing", Standing)
    def test_every_state_fits_two_lines_of_sixteen(self, language: str, standing: Standing) -> None:
        assert len(pages(STANDING[language][standing], SMALL)) == 1


class TestDisplay:
    def test_an_answer_is_shown_for_a_while_then_how_the_gate_stands(self) -> None:
        shown = display()

        assert shown.say(answer(granted=False, reason="unknown_ticket"), {"en": "Unknown"}, 0) == [
            ShowLight(Light.DENIED),
            SoundBuzzer(Sound.DENIED),
            ShowText(("Unknown",), 2_000),
        ]
        assert shown.next_at == 2_000
        assert shown.tick(2_000) == [
            ShowLight(Light.IDLE),
            ShowText(("Please show your", "ticket"), 4_000),
        ]

    def test_a_grant_is_shown_while_the_gate_is_open_a_flagged_one_for_longer(self) -> None:
        shown = display()

        assert shown.say(GRANTED, {"en": "Welcome"}, 0)[-1] == ShowText(("Welcome",), 5_000)
        assert shown.say(ATTENTION, {"en": "Welcome"}, 9, longer=True)[-1] == ShowText(
            ("Welcome",), 10_000
        )

    def test_a_refusal_of_a_flagged_ticket_is_shown_for_longer(self) -> None:
        refused = answer(granted=False, reason="unpaid")

        assert display().say(refused, {"en": "Not paid"}, 0, longer=True)[-1] == ShowText(
            ("Not paid",), 4_000
        )

    def test_what_stands_is_said_once_where_two_languages_say_the_same(self) -> None:
        shown = Display(SMALL, ("en", "nl"), TIMING)
        shown.stand(Standing.CLOSED, 0)

        assert shown.tick(4_000) == [ShowText(("Closed",), 4_000)]
        assert len(shown._pages) == 1

    def test_languages_take_turns_and_each_has_its_time(self) -> None:
        shown = display("fr", "en")
        refused = answer(granted=False, reason="space_closed")

        first = shown.say(refused, {"fr": "Fermé", "en": "Closed"}, 0)

        assert first[-1] == ShowText(("Fermé",), 1_500)
        assert watch(shown, 3_000) == [
            (1_500, ShowText(("Closed",), 1_500)),
            (3_000, ShowLight(Light.IDLE)),
            (3_000, ShowText(("Présentez votre", "billet"), 4_000)),
        ]

    def test_what_stands_is_shown_anew_in_all_languages_in_turn(self) -> None:
        shown = display("fr", "de")

        assert shown.stand(Standing.CLOSED, 1_000) == [
            ShowLight(Light.CLOSED),
            ShowText(("Fermé",), 4_000),
        ]
        assert watch(shown, 9_000) == [
            (5_000, ShowText(("Geschlossen",), 4_000)),
            (9_000, ShowText(("Fermé",), 4_000)),
        ]

    def test_a_state_that_comes_during_an_answer_waits_for_its_end(self) -> None:
        shown = display()
        shown.say(GRANTED, {"en": "Welcome"}, 0)

        assert shown.stand(Standing.FULL, 1_000) == []
        assert watch(shown, 5_000)[0] == (5_000, ShowLight(Light.WAIT))

    def test_evacuation_is_shown_at_once_and_no_answer_takes_its_place(self) -> None:
        shown = display()
        shown.say(GRANTED, {"en": "Welcome"}, 0)

        assert shown.stand(Standing.EVACUATION, 1_000)[0] == ShowLight(Light.EVACUATION)
        assert shown.say(GRANTED, {"en": "Welcome"}, 2_000) == []

    def test_a_state_told_again_is_not_shown_again(self) -> None:
        assert display().stand(Standing.IDLE, 1_000) == []

    def test_a_device_that_is_back_is_shown_how_it_stands(self) -> None:
        shown = display()
        shown.say(CHECK, {"en": "Bag check"}, 0)

        assert shown.again(500)[0] == ShowLight(Light.IDLE)

    def test_a_new_answer_takes_the_place_of_the_one_before(self) -> None:
        shown = display()
        shown.say(GRANTED, {"en": "Welcome"}, 0)
        shown.say(answer(granted=False, reason="lane_busy"), {"en": "One moment"}, 100)

        assert shown.next_at == 2_100

    def test_a_language_without_a_message_is_left_out(self) -> None:
        shown = display("fr", "en")

        assert shown.say(GRANTED, {"en": "Welcome"}, 0)[-1] == ShowText(("Welcome",), 5_000)
        assert shown.say(GRANTED, {"es": "Bienvenido"}, 0)[-1] == ShowText(("Bienvenido",), 5_000)
        assert shown.say(GRANTED, {}, 0) == [ShowLight(Light.GRANTED), SoundBuzzer(Sound.GRANTED)]
        assert shown.next_at == 5_000

    def test_every_answer_is_shown_as_it_always_was(self, snapshot: SnapshotAssertion) -> None:
        """What visitors have learnt to read is changed on purpose only."""
        table: dict[str, list[str]] = {}
        for reason in Reason:
            messages = {language: PHRASES[language][reason] for language in LANGUAGES}
            shown = display(*LANGUAGES, panel=Panel(20, 2))
            said = shown.say(answer(granted=False, reason=reason), messages, 0)
            said += [each for _, each in watch(shown, 5_999)]
            table[reason.value] = [_told(each) for each in said]

        assert table == snapshot

    def test_every_state_is_shown_as_it_always_was(self, snapshot: SnapshotAssertion) -> None:
        table = {}
        for standing in Standing:
            shown = Display(Panel(20, 2), LANGUAGES, TIMING)
            said = [(0, each) for each in shown.stand(standing, 0)] + watch(shown, 15_999)
            table[standing.value] = [_told(each) for _, each in said]

        assert table == snapshot

    @given(
        st.lists(
            st.tuples(
                st.integers(0, 9_000),
                st.one_of(
                    st.sampled_from(tuple(Standing)),
                    st.sampled_from((*(reason.value for reason in Reason), None)),
                ),
            ),
            max_size=20,
        )
    )
    def test_whatever_happens_it_ends_showing_how_the_gate_stands(
        self, play: list[tuple[int, Standing | str | None]]
    ) -> None:
        shown, now, standing = display("en", "fr"), 0, Standing.IDLE
        lights: list[Shown] = [ShowLight(Light.IDLE)]
        for wait, act in play:
            now += wait
            lights += [each for _, each in watch(shown, now)]
            if isinstance(act, Standing):
                standing = act
                lights += shown.stand(act, now)
            else:
                said = answer(granted=act is None, reason=act)
                lights += shown.say(said, {"en": "Something", "fr": "Quelque chose"}, now)
        lights += [each for _, each in watch(shown, now + 60_000)]

        lit = [each.pattern for each in lights if isinstance(each, ShowLight)]
        assert lit[-1] == STANDING_LIGHTS[standing]


class TestLampsAndBuzzers:
    BOTH = frozenset({"granted", "denied", "buzzer"})

    def test_a_grant_is_one_steady_green_and_no_red(self) -> None:
        assert lamps(Light.GRANTED, 5_000, self.BOTH) == [
            (0, Set("granted", on=False)),
            (0, Set("denied", on=False)),
            (0, Pulse("granted", 5_000)),
        ]

    def test_a_refusal_flashes_in_threes_by_pulses_that_end_themselves(self) -> None:
        flashes = lamps(Light.DENIED, 2_000, self.BOTH)[2:]

        assert flashes == [(at, Pulse("denied", 180)) for at in (0, 360, 720, 1_460, 1_820)]

    def test_no_flash_outlasts_the_answer(self) -> None:
        assert lamps(Light.DENIED, 1_500, self.BOTH)[-1] == (1_460, Pulse("denied", 40))

    def test_what_stands_is_steady_and_waiting_is_dark(self) -> None:
        assert lamps(Light.FREE, None, self.BOTH) == [
            (0, Set("denied", on=False)),
            (0, Set("granted", on=True)),
        ]
        assert lamps(Light.CLOSED, None, self.BOTH)[-1] == (0, Set("denied", on=True))
        assert all(
            not each.on for _, each in lamps(Light.IDLE, None, self.BOTH) if isinstance(each, Set)
        )

    def test_a_board_without_lamps_is_not_asked_for_them(self) -> None:
        assert lamps(Light.GRANTED, 5_000, frozenset()) == []
        assert lamps(Light.DENIED, 5_000, frozenset({"granted"})) == [(0, Set("granted", on=False))]
        assert buzzes(Sound.DENIED, frozenset({"granted"})) == []

    def test_a_buzzer_sounds_in_pulses(self) -> None:
        assert buzzes(Sound.AGAIN, self.BOTH) == [
            (0, Pulse("buzzer", 150)),
            (250, Pulse("buzzer", 150)),
        ]


def _told(shown: Shown) -> str:
    match shown:
        case ShowLight(pattern):
            look = LOOKS[pattern]
            return f"light {pattern}: {look.colour} {look.symbol} {look.rhythm}"
        case SoundBuzzer(pattern):
            return f"sound {pattern}: {SOUNDS[pattern]}"
        case ShowText(lines, ms):
            return f"{ms} ms: " + " | ".join(lines)
