"""When a space is open, and when its anti-passback is forgiven."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from config.models import Planning
from config.planning import Timetable
from controllers.space import DailyReset, Opening

PARIS = ZoneInfo("Europe/Paris")


def wall(text: str) -> int:
    """Return the instant of a Paris wall clock: `24 10:00` in June 2026, or a whole date."""
    day, clock = text.split()
    date = day if "-" in day else f"2026-06-{day}"
    return int(datetime.fromisoformat(f"{date} {clock}").replace(tzinfo=PARIS).timestamp() * 1000)


class Hours:
    """A planning of given hours, with a capacity for some of its days."""

    def __init__(self, *spans: tuple[str, str], capacity: dict[str, int] | None = None) -> None:
        self.spans = [(wall(begins), wall(ends)) for begins, ends in spans]
        self.capacity = capacity or {}

    def is_open(self, at: int) -> bool:
        return any(begins <= at < ends for begins, ends in self.spans)

    def next_change(self, after: int) -> int | None:
        return min((turn for span in self.spans for turn in span if turn > after), default=None)

    def capacity_on(self, at: int) -> int | None:
        return self.capacity.get(f"{datetime.fromtimestamp(at / 1000, UTC).astimezone(PARIS):%d}")


POOL = Hours(("23 10:00", "23 20:00"), ("24 10:00", "24 12:30"), ("24 13:30", "24 20:00"))


class TestPlanning:
    def test_it_is_open_by_its_planning_to_the_second(self) -> None:
        pool = Opening(POOL, PARIS)

        assert not pool.is_open(wall("24 10:00") - 1)
        assert pool.is_open(wall("24 10:00"))
        assert pool.is_open(wall("24 12:30") - 1)
        assert not pool.is_open(wall("24 12:30"))

    def test_it_says_when_that_changes(self) -> None:
        pool = Opening(POOL, PARIS)

        assert pool.next_change(wall("24 09:00")) == wall("24 10:00")
        assert pool.next_change(wall("24 10:00")) == wall("24 12:30")
        assert pool.next_change(wall("24 20:00")) is None

    def test_without_a_planning_it_is_open_always(self) -> None:
        park = Opening(None, PARIS)

        assert park.is_open(0)
        assert park.next_change(0) is None

    def test_a_planning_of_the_site_file_is_one(self) -> None:
        planning = Planning(id="opening", week={"wed": ("22:00-02:00",)})
        party = Opening(Timetable(planning, (), "Europe/Paris"), PARIS, first_in=True)
        party.came(wall("24 21:00"))

        assert party.is_open(wall("25 01:59"))
        assert party.next_change(wall("24 23:00")) == wall("25 02:00")

    def test_an_exception_may_set_the_capacity(self) -> None:
        pool = Opening(Hours(("24 10:00", "24 12:00"), capacity={"24": 150}), PARIS)

        assert pool.capacity(wall("24 11:00"), 300) == 150
        assert pool.capacity(wall("25 11:00"), 300) == 300
        assert Opening(None, PARIS).capacity(0, None) is None


class TestFirstIn:
    def test_it_stays_closed_until_staff_has_come(self) -> None:
        pool = Opening(POOL, PARIS, first_in=True)

        assert not pool.is_open(wall("24 10:05"))
        assert pool.awaits_first(wall("24 10:05"))
        pool.came(wall("24 10:06"))
        assert pool.is_open(wall("24 10:06"))
        assert not pool.awaits_first(wall("24 10:06"))

    def test_staff_that_comes_before_the_hours_opens_them(self) -> None:
        pool = Opening(POOL, PARIS, first_in=True)
        assert not pool.awaits_first(wall("24 07:00"))
        pool.came(wall("24 07:00"))

        assert not pool.is_open(wall("24 09:59"))
        assert pool.is_open(wall("24 10:00"))

    def test_after_lunch_nobody_has_to_come_again(self) -> None:
        pool = Opening(POOL, PARIS, first_in=True, came_at=wall("24 09:00"))

        assert pool.is_open(wall("24 14:00"))

    def test_each_day_they_have_to_come_again(self) -> None:
        pool = Opening(POOL, PARIS, first_in=True, came_at=wall("23 09:00"))

        assert pool.is_open(wall("23 19:00"))
        assert not pool.is_open(wall("24 10:00"))

    def test_midnight_does_not_close_a_party(self) -> None:
        party = Opening(
            Hours(("23 22:00", "24 02:00"), ("24 22:00", "25 02:00")),
            PARIS,
            first_in=True,
            came_at=wall("23 21:30"),
        )

        assert party.is_open(wall("24 00:00"))
        assert party.is_open(wall("24 01:59"))
        assert party.next_change(wall("23 23:00")) == wall("24 02:00")
        assert not party.is_open(wall("24 22:00"))

    def test_staff_that_comes_after_midnight_opens_the_night_that_goes_on(self) -> None:
        party = Opening(
            Hours(("23 22:00", "24 02:00"), ("24 22:00", "25 02:00")), PARIS, first_in=True
        )
        party.came(wall("24 00:30"))

        assert party.is_open(wall("24 01:00"))
        assert not party.is_open(wall("24 22:00"))

    def test_a_place_that_never_closes_asks_for_staff_each_day(self) -> None:
        park = Opening(None, PARIS, first_in=True)
        park.came(wall("23 06:00"))

        assert park.is_open(wall("23 23:59"))
        assert park.next_change(wall("23 12:00")) == wall("24 00:00")
        assert not park.is_open(wall("24 00:00"))

    def test_a_festival_of_days_and_nights_asks_for_staff_each_day(self) -> None:
        festival = Opening(Hours(("23 10:00", "26 18:00")), PARIS, first_in=True)
        festival.came(wall("23 09:00"))

        assert festival.is_open(wall("23 23:00"))
        assert not festival.is_open(wall("24 09:00"))

    def test_hours_from_midnight_are_not_those_of_the_day_before(self) -> None:
        hours = Hours(("23 10:00", "23 18:00"), ("24 00:00", "25 00:00"))
        square = Opening(hours, PARIS, first_in=True, came_at=wall("23 09:00"))

        assert not square.is_open(wall("24 09:00"))

    def test_a_report_of_yesterday_that_comes_late_takes_nothing_back(self) -> None:
        pool = Opening(POOL, PARIS, first_in=True, came_at=wall("24 09:00"))
        pool.came(wall("23 09:00"))

        assert pool.is_open(wall("24 10:00"))


class TestDailyReset:
    def test_it_is_due_once_a_day_at_its_hour(self) -> None:
        reset = DailyReset("04:00", PARIS, wall("23 12:00"))

        assert not reset.due(wall("24 03:59"))
        assert reset.next_at(wall("23 12:00")) == wall("24 04:00")
        assert reset.due(wall("24 04:00"))
        reset.done(wall("24 04:00"))
        assert not reset.due(wall("24 04:00"))
        assert not reset.due(wall("25 03:59"))
        assert reset.due(wall("25 04:00"))

    def test_one_missed_while_nobody_was_there_is_due_at_once(self) -> None:
        reset = DailyReset("04:00", PARIS, wall("21 12:00"))

        assert reset.due(wall("24 09:00"))
        assert reset.next_at(wall("24 09:00")) <= wall("24 09:00")
        reset.done(wall("24 09:00"))
        assert reset.next_at(wall("24 09:00")) == wall("25 04:00")

    @pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
    def test_a_day_whose_clocks_change_has_one_too(self, day: str) -> None:
        begins = wall(f"{day} 00:00")
        reset = DailyReset("02:30", PARIS, begins)
        times = 0
        for now in range(begins, begins + 24 * 3_600_000, 600_000):
            if reset.due(now):
                times += 1
                reset.done(now)

        assert times == 1
