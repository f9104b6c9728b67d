from pathlib import Path

import config
from gateway.venue.readers import ReaderFacts, places

SITE = config.parse(
    """
[[space]]
id = "museum"
[[space]]
id = "hall"
parent = "museum"
[[controller]]
id = "north"
driver = "http"
[[equipment]]
id = "handheld"
space = "hall"
direction = "both"
[[equipment]]
id = "gate"
kind = "turnstile"
space = "museum"
direction = "exit"
controller = "north"
count_on = "passage"
open_s = 4.0
passage_s = 8.0
""",
    Path("site.toml"),
)


def test_equipment_has_a_place_for_each_direction_it_serves() -> None:
    assert list(places(SITE)) == [("handheld", "entry"), ("handheld", "exit"), ("gate", "exit")]


def test_a_place_knows_the_spaces_around_it_innermost_first() -> None:
    assert places(SITE)["handheld", "entry"].chain == ("hall", "museum")


def test_a_grant_waits_for_its_passage_where_they_are_reported_longest_included() -> None:
    known = places(SITE)

    assert known["handheld", "entry"].hold_ms is None
    assert known["gate", "exit"].hold_ms == (2 * 4 + 8 + 5) * 1000


def test_what_is_known_of_a_reader_goes_with_its_scans_as_flags() -> None:
    reader = ReaderFacts("gate", None, None)

    reader.set_closed(True)
    reader.set_mode("exit", "free")
    reader.set_serving("entry", False)

    assert reader.flags == {"entry": "co", "exit": "cf"}


def test_locked_equipment_is_out_of_service_until_it_is_normal_again() -> None:
    reader = ReaderFacts("gate", None, None)

    reader.set_mode("entry", "locked")
    assert reader.flags["entry"] == "o"

    reader.set_mode("entry", "normal")
    assert not reader.flags["entry"]
