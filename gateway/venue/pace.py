"""How fast it goes at each reader: scans of all gateways and processes, in slots of ten seconds.

Every process adds what it has counted to the slot of the store's clock (`{S}pace:SLOT`, a hash that
goes by itself after twenty minutes), every two seconds and only where there was something. So rates
are those of the site, whichever process answers, and outlive a restart. A field is
``READER|KIND``: a reason, ``+`` granted, ``p`` persons granted, ``~N`` answers of latency bucket N.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from redis.exceptions import RedisError

from gateway.entitlements.admin import StoreAdmin
from gateway.errors import StoreUnavailable
from gateway.venue.tally import Tally, percentile_ms

SLOT_MS: Final = 10_000
KEPT_S: Final = 20 * 60
ADDED_EVERY_S: Final = 2.0
GRANTED: Final = "+"
PERSONS: Final = "p"
LATENCY: Final = "~"

type Slot = Mapping[str, int]
type Tallies = Callable[[], Mapping[str, Tally]]


@dataclass(frozen=True, slots=True)
class Window:
    """What happened at one reader, or at all, in a span of time."""

    granted: int = 0
    persons: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    latency: Mapping[int, int] = field(default_factory=dict)

    @property
    def scans(self) -> int:
        """All scans, refused ones too."""
        return self.granted + sum(self.refused.values())

    @property
    def p95_ms(self) -> float | None:
        """What 95 of 100 scans were answered within, in milliseconds."""
        return percentile_ms(self.latency, 0.95)


class Pace:
    """The slots of a site, added to and read by one process.

    Args:
        admin: the store.
        tallies: what this process has counted since it began, by reader.
        clock: milliseconds since the epoch, by the store's clock.
    """

    def __init__(self, admin: StoreAdmin, tallies: Tallies, clock: Callable[[], int]) -> None:
        self._admin = admin
        self._tallies = tallies
        self._clock = clock
        self._added: Counter[str] = Counter()
        self._slots: dict[int, Slot] = {}

    # --- adding

    async def run(self) -> None:
        """Add what this process counts until cancelled; what the store misses is added later."""
        while True:
            await asyncio.sleep(ADDED_EVERY_S)
            with suppress(StoreUnavailable):
                await self.add()

    async def add(self) -> None:
        """Add what is new since the last time.

        Raises:
            StoreUnavailable: the store does not answer; nothing is forgotten.
        """
        counted = Counter(_fields(self._tallies()))
        new = counted - self._added
        if not new:
            return
        key = self._key(self._clock() // SLOT_MS)
        try:
            async with self._admin.client.pipeline(transaction=True) as pipe:
                for name, count in new.items():
                    pipe.hincrby(key, name, count)
                pipe.expire(key, KEPT_S)
                await pipe.execute()
        except (RedisError, OSError) as error:
            raise StoreUnavailable from error
        self._added = counted

    # --- reading

    async def read(self, span_s: int) -> None:
        """Have the slots of the last so many seconds in memory; those that are over are kept.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        now = self._clock() // SLOT_MS
        oldest = now - span_s * 1000 // SLOT_MS
        changing = now - 1  # another process may still add to the slot before this one
        wanted = [
            slot for slot in range(oldest, now + 1) if slot >= changing or slot not in self._slots
        ]
        try:
            async with self._admin.client.pipeline(transaction=False) as pipe:
                for slot in wanted:
                    pipe.hgetall(self._key(slot))
                found = await pipe.execute()
        except (RedisError, OSError) as error:
            raise StoreUnavailable from error
        for slot, fields in zip(wanted, found, strict=True):
            self._slots[slot] = {name.decode(): int(count) for name, count in fields.items()}
        for slot in [slot for slot in self._slots if slot < now - KEPT_S * 1000 // SLOT_MS]:
            del self._slots[slot]

    def windows(self, span_s: int, *, before_s: int = 0) -> dict[str, Window]:
        """Return what happened by reader in a span that ended ``before_s`` ago; read it first.

        A span is cut to whole slots; the one that is running counts as the youngest.
        """
        last = self._clock() // SLOT_MS - before_s * 1000 // SLOT_MS
        slots = range(last - span_s * 1000 // SLOT_MS + 1, last + 1)
        sums: Counter[str] = Counter()
        for slot in slots:
            sums.update(self._slots.get(slot, {}))
        return _windows(sums)

    def covered_min(self, span_s: int) -> float:
        """Return how many minutes the slots of a span that ends now have lasted yet."""
        return (span_s * 1000 - SLOT_MS + self._clock() % SLOT_MS + 1) / 60_000

    def _key(self, slot: int) -> str:
        return self._admin.key(f"pace:{slot}")


def whole(windows: Iterable[Window]) -> Window:
    """Return what happened at all readers together."""
    granted = persons = 0
    refused: Counter[str] = Counter()
    latency: Counter[int] = Counter()
    for window in windows:
        granted += window.granted
        persons += window.persons
        refused.update(window.refused)
        latency.update(window.latency)
    return Window(granted, persons, dict(refused), dict(latency))


def _fields(tallies: Mapping[str, Tally]) -> dict[str, int]:
    fields: dict[str, int] = {}
    for reader, tally in tallies.items():
        if not reader:
            continue  # tickets only looked at
        for reason, count in tally.decisions.items():
            fields[f"{reader}|{reason or GRANTED}"] = count
        fields[f"{reader}|{PERSONS}"] = tally.persons
        for bucket, count in enumerate(tally.latency):
            if count:
                fields[f"{reader}|{LATENCY}{bucket}"] = count
    return fields


def _windows(sums: Mapping[str, int]) -> dict[str, Window]:
    found: dict[str, dict[str, int]] = {}
    for name, count in sums.items():
        reader, _, kind = name.rpartition("|")
        found.setdefault(reader, {})[kind] = count
    return {
        reader: Window(
            granted=kinds.pop(GRANTED, 0),
            persons=kinds.pop(PERSONS, 0),
            latency={int(kind[1:]): kinds[kind] for kind in kinds if kind[0] == LATENCY},
            refused={kind: count for kind, count in kinds.items() if kind[0] != LATENCY},
        )
        for reader, kinds in found.items()
    }
