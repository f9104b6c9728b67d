"""The machine of each equipment, set as the site file says."""

from dataclasses import dataclass

from config.models import Equipment
from controllers.commands import Alarm, Clear, Command, Direction, Raise
from controllers.door import Door, DoorSettings
from controllers.events import Event, FaultCleared, FaultSeen, LinkBack, LinkLost
from controllers.interlock import Interlock
from controllers.machine import Machine, Refusal
from controllers.turnstile import Turnstile, TurnstileSettings


class Reader:
    """The machine of a reader, which lets nobody in: a steward does, or another gate."""

    next_at = None

    def __init__(self) -> None:
        self._linked = True

    def step(self, event: Event, now: int) -> list[Command]:
        """Take note of the link, and tell people of what the reader says is wrong with it."""
        del now
        match event:
            case LinkLost():
                self._linked = False
            case LinkBack():
                self._linked = True
            case FaultSeen(text):
                return [Raise(Alarm.FAULT, text=text)]
            case FaultCleared():
                return [Clear(Alarm.FAULT)]
            case _:
                pass
        return []

    def refusal(self, direction: Direction) -> Refusal | None:
        """Why no scan can be taken: only if the reader itself cannot be reached."""
        del direction
        return None if self._linked else "reader_out_of_service"

    def free(self, direction: Direction) -> bool:
        """Whether everybody may pass: a reader keeps nobody."""
        del direction
        return False

    @property
    def state(self) -> str:
        """Its state in a word."""
        return "idle" if self._linked else "out_of_service"


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the device of a machine can do by itself.

    Attributes:
        lets_parties_in: told of several persons, it lets them pass one after the other.
        reports_passages: it tells who has passed.
    """

    lets_parties_in: bool
    reports_passages: bool


REPORTING = Abilities(lets_parties_in=True, reports_passages=True)


def machine_of(
    equipment: Equipment, abilities: Abilities, interlock: Interlock | None = None
) -> Machine:
    """Return the machine of an equipment; ``interlock`` is the group that a door belongs to."""
    match equipment.kind:
        case "turnstile":
            return Turnstile(turnstile_settings(equipment, abilities))
        case "door":
            return Door(door_settings(equipment, abilities), interlock)
        case _:
            return Reader()


def longest_ms(equipment: Equipment) -> int:
    """Return how long a person's grant may be open here: it is not settled before."""
    if equipment.kind == "door":
        return door_settings(equipment, REPORTING).longest_ms
    return turnstile_settings(equipment, REPORTING).longest_ms


def turnstile_settings(equipment: Equipment, abilities: Abilities) -> TurnstileSettings:
    """Return how a turnstile is set."""
    return TurnstileSettings(
        open_s=equipment.open_s,
        longer_open_s=equipment.longer_open_s,
        passage_s=equipment.passage_s,
        device_credits=abilities.lets_parties_in,
        credits_max=equipment.credits_max,
        tailgating_ms=equipment.tailgating_ms,
        debounce_ms=equipment.debounce_ms,
        bag_check=equipment.bag_check_percent / 100,
        assume_passed=not abilities.reports_passages,
    )


def door_settings(equipment: Equipment, abilities: Abilities) -> DoorSettings:
    """Return how a door is set."""
    return DoorSettings(
        open_s=equipment.open_s,
        longer_open_s=equipment.longer_open_s,
        lock=equipment.lock,
        held_warning_s=equipment.held_warning_s,
        held_s=equipment.held_s,
        rex_s=equipment.rex_s,
        rex_unlocks=equipment.rex_unlocks,
        debounce_ms=equipment.debounce_ms,
        assume_passed=not abilities.reports_passages,
    )
