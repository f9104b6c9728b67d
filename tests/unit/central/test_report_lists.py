"""A list read page by page, from place to place, is the list."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.central.reports.lists import Place, Span, Walk

STARTS = datetime(2026, 1, 1, tzinfo=UTC)
ENDS = STARTS + timedelta(days=90)
hours = st.one_of(st.none(), st.integers(0, 90 * 24 - 1))


def read(rows: list[dict[str, object]], span: Span, limit: int) -> list[dict[str, object]]:
    """Read as the database does."""
    found = [row for row in rows if (row["listed_at"] is None) == span.undated]
    if not span.undated:
        found = [row for row in found if span.starts <= row["listed_at"] < span.ends]  # type: ignore[operator]
    return found[span.skip :][:limit]


@given(st.lists(hours, max_size=60), st.integers(1, 20))
def test_pages_give_every_row_once_and_in_order(drawn: list[int | None], limit: int) -> None:
    ordered = sorted(drawn, key=lambda hour: (hour is None, hour or 0))
    rows: list[dict[str, object]] = [
        {"listed_at": None if hour is None else STARTS + timedelta(hours=hour), "code": number}
        for number, hour in enumerate(ordered)
    ]
    found: list[dict[str, object]] = []
    place: Place | None = None
    for _ in range(len(rows) + 2):
        page: list[dict[str, object]] = []
        walk = Walk(STARTS, ENDS, place)
        for span in walk:
            here = read(rows, span, limit - len(page))
            walk.found(len(here))
            page += here
            if len(page) == limit:
                break
        found += page
        if len(page) < limit:
            break
        place = Place.parse(str((place or Place(None, 0)).behind(page)))

    assert found == rows


def test_spans_grow_where_there_is_little_and_end_at_the_end() -> None:
    walk = Walk(STARTS, ENDS, None)
    lengths = []
    for span in walk:
        lengths.append((span.ends - span.starts).days)
        walk.found(0)

    assert lengths == [1, 2, 4, 8, 16, 32, 27, 0]
