"""What a reader demands of a code, and what is known of one that is refused."""

import pytest

from gateway.tickets.codes.reading import Reading
from gateway.venue.codes import Accepts, demanded

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
