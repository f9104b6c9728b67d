from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import config
from config import examples
from config.drawing import as_svg, as_text, venue_of
from gateway.venue.wires import SETTINGS
from tests.unit.config.stand_ins import WIRES

SVG = "{http://www.w3.org/2000/svg}"
NIGHT = datetime(2026, 12, 24, 23, 30, tzinfo=UTC)

VENUE = """
[site]
id = "club"
name = "Club <Zig & Zag>"
timezone = "Europe/Paris"

[stores]
mqtt = "embedded"

[[space]]
id = "club"
capacity = 1200
full = "warn"
planning = "nights"

[[space]]
id = "bar"
name = "Bar"
parent = "club"
capacity = 40
planning = "nights"

[[space]]
id = "roof"
parent = "club"
dwell_min = 60

[[period]]
id = "yule"
name = "Yule"
days = ["2026-12-24..2026-12-26"]

[[planning]]
id = "nights"
periods = { yule = { thu = ["22:00-02:00"], fri = ["20:00-24:00"] } }
exception = [{ date = "2026-12-25", include = ["10:00-12:00"], capacity = 30 }]

[[controller]]
id = "north"
driver = "mqtt"
dialect = "shelly"
prefix = "shelly-1"
password = "hunter2"

[[controller]]
id = "far"
driver = "http"
gateway = "annex"

[[equipment]]
id = "front"
name = "Front door"
kind = "door"
space = "club"
direction = "both"
controller = "north"
channels = { lock = 0, contact = { at = 1, inverted = true } }

[[equipment]]
id = "doorman"
space = "club"
direction = "entry"
opens = "front"

[[equipment]]
id = "bar-gate"
kind = "turnstile"
space = "bar"
direction = "entry"
controller = "far"
count_on = "passage"

[[equipment]]
id = "bar-exit"
space = "bar"
direction = "exit"

[[equipment]]
id = "roof-reader"
space = "roof"
"""


def drawn(text: str = VENUE, at: datetime = NIGHT) -> tuple[str, str]:
    """Return a site as text and as SVG."""
    venue = venue_of(config.parse(text, Path("site.toml"), {}, WIRES), at)
    return as_text(venue), as_svg(venue)


def test_a_venue_is_drawn_as_a_tree_with_gates_hours_and_boards() -> None:
    text, _ = drawn()

    assert text.splitlines() == [
        "Club <Zig & Zag> (club)",
        "Friday 25 December 2026, Europe/Paris;  → entry  ← exit  ⇄ both",
        "",
        "club",
        (
            "│  nights: 10:00-12:00, 20:00-24:00 today (Yule, exception); "
            "up to 30 persons today, warns only"
        ),
        '│  ⇄ front      door    on north  "Front door"; lock 0, contact 1 inverted; fail-safe',
        "│  → └ doorman  reader            opens front; handheld",
        "│",
        "├─ bar  Bar",
        ("│     nights: 10:00-12:00, 20:00-24:00 today (Yule, exception); up to 30 persons today"),
        "│     → bar-gate  turnstile  on far  counts passages",
        "│     ← bar-exit  reader             handheld",
        "│",
        "└─ roof",
        "      a visit lasts 60 min",
        "      → roof-reader  reader  handheld",
        "",
        "Boards",
        "  north  mqtt dialect shelly prefix shelly-1  front",
        "  far    http run by gateway annex            bar-gate",
        "",
        "Handhelds  doorman, bar-exit, roof-reader",
    ]


def test_hours_past_midnight_are_told_on_the_day_they_begin_and_drawn_on_both() -> None:
    site = config.parse(VENUE, Path("site.toml"), {}, WIRES)
    evening = venue_of(site, datetime(2026, 12, 24, 12, tzinfo=UTC)).rooms[0].day
    morning = venue_of(site, datetime(2026, 12, 25, 12, tzinfo=UTC)).rooms[0].day

    assert evening is not None
    assert morning is not None
    assert evening.text == "nights: 22:00-02:00 today (Yule)"
    assert evening.spans == ((1320, 1440),)
    assert morning.spans == ((0, 120), (600, 720), (1200, 1440))


def test_no_password_is_drawn() -> None:
    for picture in drawn():
        assert "hunter2" not in picture
        assert "password" not in picture


@pytest.mark.parametrize("name", examples.names())
def test_every_example_is_drawn_whole_and_within_its_frame(name: str) -> None:
    site = config.load(examples.FOLDER / f"{name}.toml", {}, SETTINGS)
    venue = venue_of(site, NIGHT)
    picture = ET.fromstring(as_svg(venue))
    words = " ".join(text.text or "" for text in picture.iter(f"{SVG}text"))
    width, height = (float(picture.attrib[side]) for side in ("width", "height"))

    ids = [
        *(space.id for space in site.spaces),
        *(each.id for each in site.equipment),
        *(board.id for board in site.controllers),
    ]
    for id_ in ids:
        assert id_ in words
        assert id_ in as_text(venue)
    for box in picture.iter(f"{SVG}rect"):
        if "x" in box.attrib:
            x, y, wide, high = (float(box.attrib[key]) for key in ("x", "y", "width", "height"))
            assert 0 <= x <= x + wide <= width
            assert 0 <= y <= y + high <= height


def test_every_wired_gate_has_its_wire() -> None:
    picture = ET.fromstring(drawn()[1])

    assert len(list(picture.iter(f"{SVG}circle"))) == 2


def test_a_site_without_anything_is_drawn() -> None:
    text, picture = drawn("")

    assert text.startswith("Museum (museum)")
    assert ET.fromstring(picture).attrib["role"] == "img"


def test_long_ids_and_names_stay_apart() -> None:
    long = "a-very-long-name-of-thirty-two-x"
    _, picture = drawn(
        f'[[space]]\nid = "{long}"\nname = "{"Hall " * 30}"\n'
        f'[[equipment]]\nid = "{long}"\nspace = "{long}"\n'
    )
    texts = {text.text: text.attrib for text in ET.fromstring(picture).iter(f"{SVG}text")}

    assert float(texts["reader"]["x"]) >= float(texts[long]["x"]) + 32 * 8
    assert max(len(text or "") for text in texts) <= 80
