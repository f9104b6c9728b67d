import doctest
import io
import json
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
import segno
import zxingcpp
from rich.console import Console

import config
from gateway.demo import museum, screen, seller
from gateway.demo.visitors import Counts

TICKETS = [screen.ToTry(name, seller.new_code(), "…") for name in ("valid", "used", "destroyed")]


@pytest.mark.parametrize("rate", [0.1, 10, 500, 2000])
def test_the_museums_site_file_loads_at_any_rate(rate: float) -> None:
    site = config.parse(museum.site_file(8080, rate), Path("/demo/site.toml"))

    assert len(site.spaces) == 3
    assert {each.id for each in site.equipment} == {museum.DESK, *museum.handhelds(rate)}


def test_a_handheld_is_asked_for_less_than_its_limit() -> None:
    for rate in (1, 10, 100, 1000):
        posts = museum.handhelds(rate).values()
        for space in (museum.Space.COLLECTION, museum.Space.EXHIBITION):
            assert 2 * rate / sum(post == space for post in posts) < 60


def test_a_printed_line_is_one_line_a_shell_takes_apart_as_meant() -> None:
    line = screen.curl("http://127.0.0.1:8080", "k-_9", "ABC")

    words = shlex.split(line)
    assert "\n" not in line
    assert "Authorization: Bearer k-_9" in words
    assert json.loads(words[-1]) == {"code": "ABC"}


@pytest.mark.parametrize("width", [60, 80, 200])
def test_lines_to_try_are_never_wrapped(width: int) -> None:
    out = io.StringIO()
    screen.print_things_to_try(Console(file=out, width=width), "http://h", "key", TICKETS)

    lines = [line for line in out.getvalue().splitlines() if line.startswith("curl")]
    assert [shlex.split(line)[-1] for line in lines] == [
        json.dumps({"code": ticket.code}) for ticket in TICKETS
    ]


def test_a_drawn_code_can_be_read_back() -> None:
    symbol = segno.make_qr(TICKETS[0].code, error="m", boost_error=False)
    rows = [bytes(0 if dark else 255 for dark in row) for row in symbol.matrix_iter(scale=4)]
    image = memoryview(b"".join(rows)).cast("B", (len(rows), len(rows[0])))

    read = zxingcpp.read_barcode(image)

    assert read is not None
    assert read.text == TICKETS[0].code
    assert (symbol.mode, symbol.version) == ("alphanumeric", 2)


def test_qr_codes_stand_below_each_other_in_a_narrow_terminal() -> None:
    assert max(map(len, screen.qr_codes(TICKETS, 300).splitlines())) > max(
        map(len, screen.qr_codes(TICKETS, 40).splitlines())
    )


def test_without_a_terminal_a_line_tells_where_things_stand() -> None:
    out = io.StringIO()
    counts = Counts(scans=12, granted=10)
    counts.refused["too_early"] = 2
    board = screen.Board(Console(file=out), counts, 10)

    board.show([{"id": "museum", "name": "Museum", "inside": 7}])
    board.close()

    assert "12 scans" in out.getvalue()
    assert "inside: museum 7" in out.getvalue()
    assert out.getvalue().count("\n") == 1


def test_the_closing_table_tells_scans_refusals_persons_and_the_verdict() -> None:
    out = io.StringIO()
    counts = Counts(scans=12, granted=10)
    counts.refused["too_early"] = 2
    counts.entered["collection"] = 9
    counts.left["collection"] = 3
    spaces = [
        {"id": "museum", "name": "Museum", "inside": 6},
        {"id": "collection", "name": "Collection", "inside": 6},
    ]

    screen.print_summary(Console(file=out, width=80), counts, spaces, "verify: fine")

    text = out.getvalue()
    for word in ("scans", "too_early", "9 came, 3 left, 6 inside", "verify: fine"):
        assert word in text


def test_a_tour_is_always_about_to_begin() -> None:
    assert seller.SLOT.total_seconds() <= 1800
    assert datetime.now(UTC).tzinfo is UTC


@pytest.mark.parametrize("module", [museum, seller])
def test_examples_in_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]  # a module is one
