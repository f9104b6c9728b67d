"""A restored database and an empty store give the same answers."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.system.gateways import Gateway


def a_day(venue: Gateway) -> list[str]:
    """Sell, stamp, refuse, take back, destroy, go out again."""
    codes = venue.sell(8)
    for code in codes[:5]:
        assert venue.decide(code) == "granted"
    assert venue.decide(codes[0]) == "no_stamps_left"
    assert venue.decide(codes[1], direction="exit") == "granted"
    assert venue.ask("POST", f"/v1/tickets/{codes[2]}/undo", {"reason": "by mistake"})[0] == 200
    assert venue.ask("POST", f"/v1/tickets/{codes[3]}/destroy", {"reason": "lost"})[0] == 200
    return codes


def answers(venue: Gateway, codes: list[str]) -> list[Any]:
    """Ask everything that a gate, a desk or an office may ask, and change nothing."""
    said: list[Any] = [venue.scan(code, mode="check") for code in [*codes, "NEVER-SOLD"]]
    said += [venue.ask("GET", f"/v1/tickets/{code}") for code in codes]
    said += [venue.ask("GET", f"/v1/tickets/{code}/history") for code in codes]
    said.append(venue.ask("GET", "/v1/spaces"))
    for each in said:
        assert each[0] == 200, each
    return said


def test_a_restored_database_and_an_empty_store_give_the_same_answers(
    make_gateway: Callable[..., Gateway],
) -> None:
    venue = make_gateway().start().with_key()
    codes = a_day(venue)
    file = venue.folder / "day.backup"
    assert "bytes" in venue.run("backup", str(file))
    assert file.stat().st_mode & 0o077 == 0
    expected = answers(venue, codes)

    another = make_gateway("another")
    assert "restored" in another.run("restore", str(file))
    another.start()
    another.key = venue.key

    assert answers(another, codes) == expected
    assert another.run("verify").startswith("verify: store = events = attendance ✓")
    assert another.decide(codes[5]) == "granted"


@pytest.mark.soak
def test_a_database_that_is_there_is_replaced_on_request_and_whole_or_not_at_all(
    make_gateway: Callable[..., Gateway],
) -> None:
    venue = make_gateway().start().with_key()
    codes = a_day(venue)
    file, broken = venue.folder / "day.backup", venue.folder / "broken"
    venue.run("backup", str(file))
    broken.write_bytes(file.read_bytes()[:2000])
    assert "is in use" in venue.run("restore", str(file), "--replace", fails=True)
    assert venue.decide(codes[5]) == "granted"
    (sold_later,) = venue.sell(1)
    venue.stop()

    assert "--replace" in venue.run("restore", str(file), fails=True)
    said = venue.run("restore", str(broken), "--replace", fails=True)
    assert "The database is as it was." in said
    venue.start()
    assert venue.decide(sold_later, mode="check") == "granted"
    venue.stop()

    venue.run("restore", str(file), "--replace")
    venue.start()
    # What was sold since is sold no more; what the store still knows of scans since is kept.
    assert venue.decide(sold_later, mode="check") == "unknown_ticket"
    assert venue.decide(codes[5]) == "no_stamps_left"
    assert venue.run("verify").startswith("verify: store = events = attendance ✓")
