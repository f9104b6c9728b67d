"""A display says in a few words what a steward needs."""

import string
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from gateway.tickets.decision import Decision, TicketView, Window
from gateway.tickets.messages import accept_language, message
from gateway.tickets.phrases import GRANTED, LANGUAGES, REFUSED
from gateway.tickets.reasons import Reason
from tests.unit.tickets.builders import NOON

PARIS = ZoneInfo("Europe/Paris")
VIEW = TicketView(
    code="KRSXG5CTNVZA2",
    product="visit",
    session=None,
    label="Visit",
    audience="individual",
    holder=None,
    persons=1,
    persons_left=0,
    status="active",
    hold_until=None,
    replaced_by=None,
    destroyed_at=None,
    windows=(),
    window=Window(NOON // 1000, NOON // 1000 + 2700),
    made=1,
    allowed=1,
    first_at=NOON,
    first_reader="north-1",
    last_at=NOON,
    last_reader="north-1",
    inside=None,
)
GRANT = Decision(True, None, "3-1-0", False, None, False, 1, VIEW)


class Exit:
    direction = "exit"


def say(decision: Decision, language: str = "fr", **more: bool | str) -> str:
    kind, override = more.get("kind"), bool(more.get("override"))
    return message(
        decision, None, language, zone=PARIS, kind=str(kind) if kind else None, override=override
    )


def refusal(reason: str, **view: object) -> Decision:
    ticket = replace(VIEW, **view)
    return replace(GRANT, granted=False, reason=reason, ticket=ticket)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words_with_and_without_facts(language: str) -> None:
    for reason in Reason:
        bare = replace(GRANT, granted=False, reason=reason, ticket=None)

        assert say(bare, language)
        assert len(say(refusal(reason), language)) <= 90


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_say_the_same_things_with_the_same_facts(language: str) -> None:
    for texts in (GRANTED, REFUSED):
        assert _holes(texts[language]) == _holes(texts["en"])


def _holes(texts: dict[str, str]) -> dict[str, set[str | None]]:
    parse = string.Formatter().parse
    return {key: {hole for _, hole, _, _ in parse(text) if hole} for key, text in texts.items()}


@pytest.mark.parametrize(
    ("decision", "text"),
    [
        (refusal("no_stamps_left"), "Déjà composté : 13/06/2026 12:00 (north-1)"),
        (
            refusal("no_stamps_left", made=2, last_at=NOON + 61_000, last_reader="south-2"),
            (
                "Déjà composté 2 fois : premier 13/06/2026 12:00 (north-1), "
                "dernier 13/06/2026 12:01:01 (south-2)"
            ),
        ),
        (refusal("destroyed", destroyed_at=NOON), "Billet détruit le 13/06/2026 12:00"),
        (
            refusal("too_early"),
            "Trop tôt, à composter : du 13/06/2026 12:00 au 13/06/2026 12:45",
        ),
        (
            refusal("too_late", window=Window(None, NOON // 1000)),
            "Trop tard, marge dépassée : jusqu’au 13/06/2026 12:00",
        ),
        (refusal("cancelled"), "Billet annulé"),
        (refusal("cancelled", status="replaced"), "Billet annulé : il y en a un nouveau"),
        (
            refusal("cancelled", status="on_hold", hold_until=NOON),
            "Billet annulé : non confirmé le 13/06/2026 12:00",
        ),
        (
            replace(refusal("party_too_large", persons=5, persons_left=5), persons=3),
            "Nombre de personnes incorrect : 3 au lieu de 5",
        ),
        (refusal("already_inside", inside="hall"), "Déjà à l’intérieur : hall"),
    ],
)
def test_refusal_names_its_facts(decision: Decision, text: str) -> None:
    assert say(decision) == text


def test_grant_is_a_welcome_an_exit_a_goodbye() -> None:
    assert say(GRANT) == "Bienvenue"
    assert message(GRANT, Exit(), "fr", zone=PARIS) == "Au revoir"
    assert say(GRANT, kind="reentry") == "Bon retour"


def test_group_hears_how_many_have_come() -> None:
    party = replace(GRANT, persons=2, ticket=replace(VIEW, persons=5, persons_left=2))

    assert say(party, "en") == "Welcome · 3 of 5 persons"
    assert say(party, "en", kind="reentry") == "Welcome back · 2 persons"


def test_grant_says_what_is_out_of_the_ordinary() -> None:
    odd = replace(GRANT, replayed=True, attention=True)

    assert say(odd, "en", override=True) == (
        "Welcome · by override · please see the ticket · same answer as before"
    )


def test_unknown_language_is_english() -> None:
    assert say(GRANT, "nl") == "Welcome"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "fr"),
        ("", "fr"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("nl,pt;q=0.9", "fr"),
        ("en;q=0", "fr"),
        ("en;q=0.2, es;q=0.3", "es"),
        ("en;q=high", "fr"),
        ("en;q=nan", "fr"),
        ("*", "fr"),
        (",;=,", "fr"),
    ],
)
def test_browser_chooses_the_language(header: str | None, language: str) -> None:
    assert accept_language(header, "fr") == language
