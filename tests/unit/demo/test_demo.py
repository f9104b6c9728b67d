import asyncio
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
from drivers.mqtt.simulator import Behaviour, Visit
from drivers.serial.settings import SerialSettings
from drivers.signals import Direction, Mode
from gateway.demo import museum, screen, seller
from gateway.demo.books import Room, Standing
from gateway.demo.counts import Counts, Fate
from gateway.demo.gates import Gate
from gateway.demo.museum import Space
from gateway.venue.wires import SETTINGS

TICKETS = [screen.ToTry(name, seller.new_code(), "…") for name in ("valid", "used", "destroyed")]


@pytest.mark.parametrize("rate", [0.1, 10, 500, 2000])
@pytest.mark.parametrize("wire", ["mqtt", "http"])
def test_the_museums_site_file_loads_at_any_rate_and_on_both_wires(
    rate: float, wire: museum.Wire, tmp_path: Path
) -> None:
    keys: dict[Direction, Path] = {}
    ways: tuple[Direction, ...] = ("entry", "exit")
    for number, way in enumerate(ways, start=1):
        keys[way] = tmp_path / way
        keys[way].write_text(f"{number:032x}")
    engines: dict[Direction, Path] = {"entry": Path('/a "clone"/in'), "exit": Path("/é/out")}
    cables = museum.Cables(engines, "tcp://127.0.0.1:5020", (Path('/a "clone"/line'), keys))
    text = museum.site_file(8080, rate, wire, cables)
    site = config.parse(text, Path("/demo/site.toml"), wires=SETTINGS)

    gates = {gate.id for gate in museum.GATES}
    engines_there = {reader for gate in museum.GATES for reader in gate.readers.values()}
    assert len(site.spaces) == 3
    assert {each.id for each in site.equipment} == {
        museum.DESK,
        *museum.handhelds(rate),
        *gates,
        *engines_there,
    }
    counting = {each.id for each in site.equipment if each.count_on == "passage"}
    assert counting == gates | engines_there
    lines = map(site.wire, site.controllers)
    ports = {line.port for line in lines if isinstance(line, SerialSettings)}
    assert ports == set(engines.values())
    assert (site.stores.mqtt == "embedded") == (wire == "mqtt")


def test_gates_close_before_the_gateway_takes_a_grant_back() -> None:
    assert museum.WALK_S < museum.HOLD_S < min(museum.OPEN_S, museum.WIRED_OPEN_S)


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


class StillGate:
    def __init__(self, name: str) -> None:
        self.id = name
        self.modes: dict[Direction, Mode] = {"entry": "normal", "exit": "normal"}
        self.counters: dict[Direction, int] = {"entry": 31, "exit": 17}
        self.up = asyncio.Event()

    async def visit(
        self, code: str, direction: Direction = "entry", *, does: Behaviour = Behaviour.PASS
    ) -> Visit:
        raise AssertionError("nobody comes")

    async def walk_through(self, direction: Direction) -> None:
        raise AssertionError("nobody comes")


def some_gates() -> dict[str, Gate]:
    gates: dict[str, Gate] = {each.id: StillGate(each.id) for each in museum.GATES}
    for gate in list(gates.values())[1:]:
        gate.up.set()
    return gates


def test_without_a_terminal_a_line_tells_where_things_stand() -> None:
    out = io.StringIO()
    counts = Counts(scans=12, granted=10)
    counts.refused["too_early"] = 2
    counts.gates[Fate.PASSED] = 8
    board = screen.Board(Console(file=out), counts, some_gates(), 10)

    board.show(Standing([{"id": "museum", "name": "Museum", "inside": 7, "mode": "normal"}]))
    board.close()

    assert "12 scans" in out.getvalue()
    assert "inside: museum 7" in out.getvalue()
    there = len(museum.GATES)
    assert f"gates: {there - 1} of {there} up, 8 passed" in out.getvalue()
    assert out.getvalue().count("\n") == 1


def test_on_a_terminal_each_gate_shows_its_link_its_state_and_who_has_passed() -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=True, color_system=None)
    board = screen.Board(console, Counts(), some_gates(), 10)
    modes = {"entry": "normal", "exit": "normal"}
    equipment = {
        "collection-gate-1": {"link": "down", "state": "unknown", "modes": modes},
        "collection-gate-2": {"link": "up", "state": "passing", "modes": modes},
    }

    board.show(Standing([], equipment))
    board.close()

    lines = {line[2:20]: line for line in out.getvalue().splitlines() if "gate" in line}
    assert "✕ down" in lines["Collection, gate 1"]
    assert "✓ up" in lines["Collection, gate 2"]
    assert "⇄ passing" in lines["Collection, gate 2"]
    assert lines["Collection, gate 2"].split()[-3:-1] == ["31", "17"]


SPACES = [
    {"id": "museum", "name": "Museum", "inside": 6, "mode": "normal"},
    {"id": "collection", "name": "Collection", "inside": 6, "mode": "normal"},
]


def closing_table(counts: Counts, rooms: dict[Space, Room], *, disturbed: bool = False) -> str:
    out = io.StringIO()
    standing = Standing(SPACES, disturbed=disturbed)
    screen.print_summary(Console(file=out, width=80), counts, standing, rooms, "verify: fine")
    return out.getvalue()


def test_the_closing_table_tells_scans_refusals_gates_persons_and_the_verdict() -> None:
    counts = Counts(scans=12, granted=10)
    counts.refused["too_early"] = 2
    counts.entered["collection"], counts.left["collection"] = 9, 3
    counts.gates.update({Fate.PASSED: 5, Fate.GAVE_UP: 1, Fate.TAILGATED: 2, Fate.FORCED: 4})

    text = closing_table(counts, {Space.COLLECTION: Room(9, 3)})

    for word in ("scans", "too_early", "9 came, 3 left, 6 inside", "verify: fine"):
        assert word in text
    figures = {line.split("│")[1].strip(): line.split("│")[2].strip() for line in rows_of(text)}
    assert figures["gates: passed"] == "5"
    assert figures["gates: given up"] == "1"
    assert figures["gates: tailgated"] == "2"
    assert figures["gates: forced"] == "4"
    assert "who passed = the books ✓  (12 in and out)" in text


def rows_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.count("│") == 3]


def test_the_closing_table_tells_where_the_books_do_not_have_who_passed() -> None:
    text = closing_table(Counts(), {Space.COLLECTION: Room(9, 3, "8 came, 9 for the gateway")})

    assert "who passed ≠ the books ✗" in text
    assert "unexpected: collection: 8 came, 9 for the gateway" in text


def test_after_an_operator_has_set_modes_persons_are_not_compared() -> None:
    text = closing_table(Counts(), {Space.COLLECTION: Room(9, 3, "…")}, disturbed=True)

    assert "not compared" in text


@pytest.mark.parametrize(
    ("mode", "equipment_mode", "ordinary"),
    [("normal", "normal", True), ("evacuate", "normal", False), ("normal", "locked", False)],
)
def test_where_a_mode_is_set_an_answer_says_nothing_of_a_ticket(
    mode: str, equipment_mode: str, ordinary: bool
) -> None:
    modes = {"entry": equipment_mode, "exit": None}
    standing = Standing([{"id": "museum", "mode": mode}], {"gate": {"modes": modes}})

    assert standing.ordinary() is ordinary


def test_a_tour_is_always_about_to_begin() -> None:
    assert seller.SLOT.total_seconds() <= 1800
    assert datetime.now(UTC).tzinfo is UTC


@pytest.mark.parametrize("module", [museum, seller])
def test_examples_in_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]  # a module is one
