from pathlib import Path

import config
from gateway.venue.readers import places

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
