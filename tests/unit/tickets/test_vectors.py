"""The readable rule passes the vectors that every engine passes."""

from collections import Counter

import pytest

from gateway.tickets.outcome import apply
from gateway.tickets.party import persons_left
from gateway.tickets.reasons import Reason
from gateway.tickets.rules import decide, record
from tests.vectors.expand import FOLDER, TABLES, text_of
from tests.vectors.loading import Case, read_cases

CASES = tuple(read_cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_rule_answers_as_the_table_says(case: Case) -> None:
    rule = record if case.recorded else decide
    ruling = rule(case.entitlement, case.scan, case.venue)
    outcome = apply(case.entitlement, ruling, case.scan, case.venue)
    ticket, index = case.entitlement.ticket, max(ruling.index, 0)
    spaces = case.venue.after(outcome.effects).spaces
    found = {
        "decision": "granted" if ruling.granted else "denied",
        "reason": ruling.reason,
        "kind": ruling.kind,
        "persons": ruling.persons,
        "index": ruling.index,
        "allowed": ruling.allowed,
        "attention": ruling.attention,
        "replayed": ruling.replayed,
        "degraded": ruling.degraded,
        "passed": list(ruling.passed),
        "conflict": ruling.conflict,
        "counted_persons": outcome.persons,
        "counted_stamps": outcome.stamps,
        "persons_left": persons_left(ticket, outcome.state, index) if ticket else None,
        "inside": {space: spaces[space].inside for space in case.expect.get("inside", ())},
        "place": {key: getattr(outcome.state, key) for key in case.expect.get("place", ())},
        "window": ruling.window,
        "state": outcome.state,
    }
    expected = dict(case.expect)
    if "window" in expected:
        expected["window"] = case.window
    if case.state_after is not None:
        expected["state"] = case.state_after

    assert expected == {key: found[key] for key in expected}


@pytest.mark.parametrize("table", TABLES)
def test_vectors_are_the_tables_written_out(table: str) -> None:
    written = (FOLDER / f"{table}.json").read_text(encoding="utf-8")

    assert text_of(table) == written, "run: python -m tests.vectors.expand"


def test_vectors_are_many_and_each_has_its_own_name() -> None:
    names = Counter(case.name for case in CASES)

    assert [name for name, times in names.items() if times > 1] == []
    assert len(CASES) >= 300


def test_vectors_meet_every_reason() -> None:
    assert {case.expect["reason"] for case in CASES} >= set(Reason)
