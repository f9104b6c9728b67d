"""How the gates do, in figures: what a dashboard shows beside what happens.

Rates count persons let in (or out) in the last one and five minutes; the rest is of the last five.
A gate's figures are those of its own reader and of the readers that open it.
"""

from collections.abc import Mapping
from typing import Any, Final

from gateway.venue.pace import Pace, Window, whole
from gateway.venue.readers import ReaderFacts
from gateway.venue.vitals import Vitals

MINUTE_S: Final = 60
SPAN_S: Final = 300
NOTHING: Final = Window()

type Document = dict[str, Any]


class Figures:
    """The figures of a site, in one process.

    Args:
        pace: what all processes count.
        vitals: what gateways say of themselves.
        readers: the readers of the site, by id.
    """

    def __init__(self, pace: Pace, vitals: Vitals, readers: Mapping[str, ReaderFacts]) -> None:
        self._pace = pace
        self._vitals = vitals
        self._readers = readers

    async def look(self) -> None:
        """Read what the figures are made from.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        await self._pace.read(SPAN_S)

    def document(self, at: str, store_ms: float | None) -> Document:
        """Write the figures.

        Args:
            at: when, for people.
            store_ms: how long the store took to answer just now; ``None``: it does not.
        """
        last = self._pace.windows(MINUTE_S)
        span = self._pace.windows(SPAN_S)
        minutes = (self._pace.covered_min(MINUTE_S), self._pace.covered_min(SPAN_S))
        opened = self._opened()
        gates = {
            name: _gate(
                whole(last.get(each, NOTHING) for each in readers),
                whole(span.get(each, NOTHING) for each in readers),
                minutes,
            )
            for name, readers in opened.items()
            if any(each in span for each in readers)
        }
        site = whole(span.values())
        return {
            "at": at,
            "gates": gates,
            "site": _gate(whole(last.values()), site, minutes),
            "refused": dict(site.refused),
            "store_ms": store_ms,
            "gateways": self._vitals.documents(),
        }

    def _opened(self) -> dict[str, list[str]]:
        """Return the readers of each equipment: itself, and those whose grants open it."""
        found = {name: [name] for name in self._readers}
        for name, reader in self._readers.items():
            if reader.opens in found:
                found[reader.opens].append(name)
        return found


def _gate(last: Window, span: Window, minutes: tuple[float, float]) -> Document:
    return {
        "per_min_1": round(last.persons / minutes[0], 1),
        "per_min_5": round(span.persons / minutes[1], 1),
        "granted": span.granted,
        "refused": sum(span.refused.values()),
        "p95_ms": span.p95_ms,
    }
