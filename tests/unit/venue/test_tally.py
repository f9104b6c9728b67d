"""What is counted of a reader's scans."""

from gateway.venue.tally import Tally, added, percentile_ms


def test_refusals_are_counted_by_reason_and_persons_where_they_were_let_in() -> None:
    tally = Tally()
    tally.scanned(None, 0.001, 24)
    tally.scanned("too_late", 0.001, 3)

    assert tally.decisions == {None: 1, "too_late": 1}
    assert tally.persons == 24


def test_slowest_scan_of_twenty_is_the_95th_percentile() -> None:
    tally = Tally()
    for _ in range(19):
        tally.scanned(None, 0.0009, 1)
    tally.scanned(None, 0.09, 1)
    latency = dict(enumerate(tally.latency))

    assert percentile_ms(latency, 0.95) == 1.024
    assert percentile_ms(latency, 1.0) == 131.072
    assert percentile_ms({}, 0.95) is None


def test_tallies_add_up() -> None:
    one, other = Tally(), Tally()
    one.scanned(None, 0.5, 1)
    other.scanned(None, 0.5, 1)

    assert added([one, other]).decisions == {None: 2}
    assert sum(added([one, other]).latency) == 2
