"""A floor with one gate at it."""

from typing import NamedTuple

from tests.integration.venue.floor import Floor
from tests.integration.venue.gates import Gate


class Scene(NamedTuple):
    """What a test plays with."""

    floor: Floor
    gate: Gate
