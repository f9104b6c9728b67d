"""Changes of a site file: made as asked, and nothing else is touched."""

import tomllib
from copy import deepcopy
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.editing import CannotChange, Change, Put, Remove, changed, difference

EXAMPLES = ("museum", "pool", "stadium", "escape")
ARRAYS = ("space", "period", "planning", "controller", "equipment")


def example(name: str) -> str:
    return (files("config.examples") / f"{name}.toml").read_text("utf-8")


def test_a_changed_key_keeps_the_comment_beside_it() -> None:
    text = '[[space]]\nid = "hall"\ncapacity = 300   # by the fire service\n'

    assert "capacity = 200   # by the fire service" in changed(
        text, [Put("space", "hall", {"capacity": 200})]
    )


def test_a_key_without_a_value_is_taken_away() -> None:
    text = '[[space]]\nid = "hall"\ncapacity = 300\nname = "Hall"\n'

    assert changed(text, [Put("space", "hall", {"capacity": None})]) == (
        '[[space]]\nid = "hall"\nname = "Hall"\n'
    )


def test_a_new_table_stands_behind_its_kind_and_before_the_next_heading() -> None:
    text = '[[space]]\nid = "hall"\n\n# --- when it is open\n[[planning]]\nid = "opening"\n'

    assert changed(text, [Put("space", "annex", {"parent": "hall"})]) == (
        '[[space]]\nid = "hall"\n\n[[space]]\nid = "annex"\nparent = "hall"\n'
        '\n# --- when it is open\n[[planning]]\nid = "opening"\n'
    )


def test_a_new_table_is_not_put_between_a_table_and_what_lies_within_it() -> None:
    text = '[[planning]]\nid = "a"\n[planning.week]\nmon = ["10:00-12:00"]\n\n[[space]]\nid = "s"\n'

    assert tomllib.loads(changed(text, [Put("planning", "b", {"week": {}})]))["planning"] == [
        {"id": "a", "week": {"mon": ["10:00-12:00"]}},
        {"id": "b", "week": {}},
    ]


def test_the_first_table_of_a_kind_comes_at_the_end() -> None:
    assert changed('[site]\nid = "m"\n', [Put("space", "hall", {})]) == (
        '[site]\nid = "m"\n\n[[space]]\nid = "hall"\n'
    )


def test_entries_of_a_list_that_stay_keep_their_comments() -> None:
    text = """[[planning]]
id = "opening"
exception = [
    { date = "2026-12-24", include = ["10:00-12:00"] },   # Christmas Eve
    { date = "2027-05-22", include = ["20:00-02:00"] },   # the night of museums
]
"""
    kept = tomllib.loads(text)["planning"][0]["exception"]
    new = {"date": "2027-01-01", "exclude": ["00:00-24:00"]}

    assert changed(text, [Put("planning", "opening", {"exception": [kept[0], new, kept[1]]})]) == (
        text.replace(
            "Christmas Eve\n",
            'Christmas Eve\n    { date = "2027-01-01", exclude = ["00:00-24:00"] },\n',
        )
    )
    assert "the night" in changed(text, [Put("planning", "opening", {"exception": [kept[1]]})])


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (Put("spaces", "hall", {}), "table"),
        (Put("space", None, {}), "id"),
        (Put("site", "museum", {}), "id"),
        (Remove("space", "cellar"), "id"),
        (Remove("http", "x"), "id"),
        (Put("space", "hall", {"first_in": ["day", None]}), "values"),
    ],
)
def test_what_cannot_be_changed_is_named_with_its_place(change: Change, key: str) -> None:
    with pytest.raises(CannotChange) as refused:
        changed(example("museum"), [Put("http", None, {"port": 1}), change])

    assert (refused.value.position, refused.value.key) == (1, key)


def test_a_text_that_is_no_toml_is_refused() -> None:
    with pytest.raises(CannotChange, match="no TOML"):
        changed("[site", [Put("http", None, {"port": 1})])


def test_a_difference_names_what_goes_and_what_comes() -> None:
    assert difference("a = 1\nb = 2\n", "a = 1\nb = 3\n").splitlines()[-2:] == ["-b = 2", "+b = 3"]
    assert not difference("a = 1\n", "a = 1\n")


words = st.text("abc- é\"'#[]{}=\\", max_size=6)
plain = words | st.integers(0, 999) | st.booleans()
hours = st.lists(st.sampled_from(["10:00-12:00", "13:00-18:00"]), max_size=2)
weeks = st.dictionaries(st.sampled_from(["mon", "tue", "sun"]), hours, max_size=3)
dates = st.sampled_from(["2026-12-24", "2027-01-01"])
exceptions = st.lists(
    st.fixed_dictionaries({"date": dates}, optional={"include": hours}), max_size=4
)
values = st.dictionaries(
    st.sampled_from(["name", "capacity", "week", "exception", "channels"]),
    st.none() | plain | hours | weeks | exceptions,
    max_size=3,
)
ids = st.sampled_from(["museum", "opening", "christmas", "new-1", "new-2"])
changes = st.lists(
    st.builds(Put, st.sampled_from(ARRAYS), ids, values)
    | st.builds(Put, st.sampled_from(["site", "http"]), st.none(), values)
    | st.builds(Remove, st.sampled_from(ARRAYS), ids),
    max_size=4,
)


def modelled(data: dict[str, Any], change: Change) -> dict[str, Any]:
    """Make a change in plain data."""
    data = deepcopy(data)
    if change.id is None:
        table = data.setdefault(change.table, {})
    else:
        tables = data.setdefault(change.table, [])
        table = next((each for each in tables if each.get("id") == change.id), None)
        if isinstance(change, Remove):
            tables.remove(table)
            if not tables:
                del data[change.table]
            return data
        if table is None:
            table = {"id": change.id}
            tables.append(table)
    assert isinstance(change, Put)
    for key, value in change.values.items():
        table.pop(key, None) if value is None else table.__setitem__(key, value)
    return data


@given(st.sampled_from(EXAMPLES), changes)
def test_a_changed_file_says_what_was_asked_and_nothing_else(
    name: str, changes: list[Change]
) -> None:
    text = example(name)
    for change in changes:
        try:
            after = changed(text, [change])
        except CannotChange:
            continue
        assert tomllib.loads(after) == modelled(tomllib.loads(text), change)
        text = after


@given(st.sampled_from(EXAMPLES), changes)
def test_comments_outside_of_what_is_taken_away_stay(name: str, changes: list[Change]) -> None:
    text = example(name)
    headings = [line for line in text.splitlines() if line.startswith("# ---")]
    after = text
    for change in changes:
        if isinstance(change, Put):
            after = changed(after, [change])

    assert [line for line in after.splitlines() if line.startswith("# ---")] == headings
