"""A figure, what it must reach, and whether it does.

A figure that misses is printed as a miss, and one from a run that went wrong as void.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """What a figure is worth."""

    MET = "met"
    MISSED = "missed"
    VOID = "void"
    NOTED = "noted"
    """There is no target: the figure is there to read the others by."""


@dataclass(frozen=True, slots=True)
class Target:
    """What DESIGN section 11 demands."""

    sign: str
    bound: float

    def met_by(self, value: float) -> bool:
        """Compare; a missing value (nan) meets nothing."""
        return value >= self.bound if self.sign == "≥" else value <= self.bound


def at_least(bound: float) -> Target:
    """Demand this much or more."""
    return Target("≥", bound)


def at_most(bound: float) -> Target:
    """Demand this much or less."""
    return Target("≤", bound)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure."""

    scenario: str
    what: str
    value: float
    unit: str
    target: Target | None = None
    durability: str = ""
    note: str = ""
    void: str = ""
    """Why the figure must not be used; empty when it may."""
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """Say what the figure is worth."""
        if self.void:
            return Verdict.VOID
        if self.target is None:
            return Verdict.NOTED
        return Verdict.MET if self.target.met_by(self.value) else Verdict.MISSED

    @property
    def is_ratio(self) -> bool:
        """A ratio holds on other machines too; an absolute figure only on this one."""
        return self.unit == "×"

    def as_json(self) -> dict[str, object]:
        """Return the figure for the JSON file."""
        return {
            "scenario": self.scenario,
            "what": self.what,
            "value": self.value,
            "unit": self.unit,
            "target": f"{self.target.sign} {self.target.bound:g}" if self.target else None,
            "durability": self.durability or None,
            "verdict": self.verdict.value,
            "void": self.void or None,
            "note": self.note or None,
            "details": dict(self.details),
        }


def shown(value: float, unit: str) -> str:
    """Write a value as people read it.

    >>> shown(10234.4, "/s"), shown(0.5123, "×"), shown(3.14159, "ms")
    ('10,234 /s', '0.51 ×', '3.14 ms')
    """
    match unit:
        case "/s" | "bytes" | "MB":
            text = f"{value:,.0f}"
        case "×" | "ms" | "s" | "µs":
            text = f"{value:,.2f}"
        case _:
            text = f"{value:,g}"
    return f"{text} {unit}"
