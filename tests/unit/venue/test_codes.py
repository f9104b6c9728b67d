"""What a reader demands of a code, and what is known of one that is refused."""

import asyncio

import pytest

from gateway.tickets.codes.keys import CodeKey
from gateway.tickets.codes.reading import Reading
from gateway.venue.codes import Accepts, Codes, demanded

PLAIN = Reading("T1")
SIGNED = Reading("T1", signed=True)
ROTATING = Reading("T1", signed=True, step=7)
FORGED = Reading("T1", "b")


@pytest.mark.parametrize(
    ("accepts", "objections"),
    [("any", ["", "", "", "b"]), ("proven", ["b", "", "", "b"]), ("rotating", ["t", "t", "", "b"])],
)
def test_entry_objects_to_what_it_does_not_take(accepts: Accepts, objections: list[str]) -> None:
    found = [demanded(each, accepts, "entry") for each in (PLAIN, SIGNED, ROTATING, FORGED)]

    assert [each.objection for each in found] == objections


def test_exit_takes_any_code() -> None:
    assert demanded(PLAIN, "rotating", "exit") == PLAIN


def test_code_that_is_not_taken_proves_nothing_while_the_store_is_silent() -> None:
    assert not demanded(SIGNED, "rotating", "entry").signed


class Asked:
    """A shelf that is slow, counts what it is asked, and has no keys."""

    def __init__(self) -> None:
        self.times = 0

    async def version(self) -> bytes | None:
        self.times += 1
        await asyncio.sleep(0.001)
        return None

    async def read(self) -> tuple[bytes | None, list[CodeKey]]:
        raise AssertionError("nothing has changed")


async def test_flood_of_codes_that_nothing_explains_asks_the_store_a_few_times() -> None:
    shelf = Asked()
    codes = Codes(shelf, lambda: 0)
    following = asyncio.create_task(codes.run())

    found = await asyncio.gather(*(codes.settled("X", FORGED) for _ in range(500)))

    following.cancel()
    assert len(found) == 500
    assert 1 <= shelf.times <= 3
