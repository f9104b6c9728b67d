"""One ticket has one reference, however it is typed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tickets.codes import canonical
from tests.vectors.expand import FOLDER

VECTORS = json.loads((FOLDER / "codes.json").read_text(encoding="utf-8"))
OURS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=13, max_size=26)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_code_is_canonical_as_the_table_says(vector: dict[str, str | None]) -> None:
    text = vector["text"]
    assert text is not None

    assert canonical(text) == vector["canonical"]


@given(st.text(st.characters(exclude_categories=())))
def test_garbage_never_raises_and_canonical_stays_canonical(text: str) -> None:
    once = canonical(text)

    if once is not None:
        assert canonical(once) == once
        assert once.encode().decode() == once


@given(OURS)
def test_ours_is_kept_as_printed(code: str) -> None:
    assert canonical(code) == code


@given(OURS, st.data())
def test_ours_survives_being_typed(code: str, data: st.DataObject) -> None:
    confused = {"O": "O0", "I": "I1", "B": "B8"}
    typed = "".join(
        data.draw(st.sampled_from(("", " ", "-")))
        + data.draw(st.sampled_from(confused.get(letter, letter) + letter.lower()))
        for letter in code
    )

    assert canonical(f"\t{typed}\r\n") == code
