"""Alarms: what operators are told of until it is over and somebody has acknowledged it.

Kept in the store (`{S}alarms`), so that they outlive a gateway: its next life takes up those that
were ongoing, and clears them unless their cause raises them again. An alarm has two halves, each
with one writer: its cause (field ``ID``) and its acknowledgement (``ID/ack``). Once it is over and
acknowledged it is history, kept for a day.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import structlog

from controllers.commands import Alarm
from gateway.entitlements.place import Direction
from gateway.venue.bus import Bus
from gateway.venue.shared import Shared

type Document = dict[str, Any]

SITE_FILE: Final = "site_file"
"""The site file on disk is not one that this gateway can follow."""

MOMENTARY: Final = frozenset(
    {Alarm.TAILGATING, Alarm.WRONG_WAY, Alarm.UNAUTHORIZED_PASSAGE, Alarm.RELEASE_FAILED}
)
"""Over as soon as they are told: somebody has only to see them."""

HISTORY_MS: Final = 24 * 3600 * 1000
TAKEN_UP_S: Final = 15.0
"""How long the cause of an alarm from before a restart has to raise it again."""
TIDIED_EVERY_S: Final = 60.0
_ACK: Final = "/ack"
_PAST: Final = "~"

log = structlog.get_logger()


class Alarms:
    """The alarms of the site, in one process.

    Args:
        bus: the messages of this process.
        gateway: the id of this gateway.
        clock: milliseconds since the epoch, by the store's clock.
        show: writes an instant for people.
    """

    def __init__(
        self,
        bus: Bus,
        *,
        gateway: str,
        clock: Callable[[], int],
        show: Callable[[int], str],
    ) -> None:
        self._shared = Shared(bus, "alarms")
        self._gateway = gateway
        self._clock = clock
        self._show = show
        self._raised: set[str] = set()
        self._told: list[Callable[[str], None]] = []
        self._shared.on_change(self._changed)
        self.settled = self._shared.settled
        self.loaded = self._shared.loaded
        """Set once those that the store remembers are known here."""
        self.run = self._shared.run

    # --- causes

    def raise_(
        self,
        kind: str,
        *,
        equipment: str | None = None,
        space: str | None = None,
        direction: Direction | None = None,
        reason: str | None = None,
        text: str = "",
    ) -> str:
        """Raise an alarm, or tell again that it holds; return its id. Never waits."""
        now = self._clock()
        name = name_of(kind, equipment or space or reason, direction)
        known = self._shared.entries.get(name)
        if known is not None and self._is_past(name, known):
            self._file(name, known)
            known = None
        again = known is not None and (name in self._raised or not known["active"])
        momentary = kind in MOMENTARY
        self._raised.add(name)
        if known is None or not known["active"]:
            log.warning("alarm", kind=kind, equipment=equipment, space=space, text=text)
            self._shared.put(name + _ACK, None)
        self._shared.put(
            name,
            {
                "kind": kind,
                "equipment": equipment,
                "space": space,
                "direction": direction,
                "reason": reason,
                "text": text or (known or {}).get("text", ""),
                "at": known["at"] if known else now,
                "since": (known or {}).get("since", now) if known and known["active"] else now,
                "count": (known["count"] if known else 0) + (known is None or again),
                "active": not momentary,
                "cleared_at": now if momentary else None,
                "gateway": self._gateway,
            },
        )
        return name

    def clear(
        self,
        kind: str,
        *,
        equipment: str | None = None,
        space: str | None = None,
        direction: Direction | None = None,
        reason: str | None = None,
    ) -> None:
        """Tell that the cause of an alarm is over; nothing where it was not raised."""
        self._clear(name_of(kind, equipment or space or reason, direction))

    def _clear(self, name: str) -> None:
        known = self._shared.entries.get(name)
        self._raised.discard(name)
        if known is None or not known["active"]:
            return
        log.info("alarm_over", kind=known["kind"], equipment=known["equipment"])
        self._shared.put(name, {**known, "active": False, "cleared_at": self._clock()})

    # --- people

    def ack(self, name: str, by: str) -> Document:
        """Acknowledge an alarm; a second acknowledgement changes nothing.

        Raises:
            KeyError: there is no such alarm.
        """
        known = self._shared.entries[name] if _is_cause(name) else None
        if known is None:
            raise KeyError(name)
        if _PAST not in name and f"{name}{_ACK}" not in self._shared.entries:
            self._shared.put(name + _ACK, {"by": by, "at": self._clock()})
        return self.document(name)

    def document(self, name: str) -> Document:
        """Write an alarm (`KeyError`: there is no such alarm)."""
        cause = self._shared.entries[name]
        ack = self._shared.entries.get(name + _ACK) or cause.get("ack") or {}
        return {
            "id": name,
            "kind": cause["kind"],
            "equipment": cause["equipment"],
            "space": cause["space"],
            "direction": cause["direction"],
            "reason": cause.get("reason"),
            "text": cause["text"],
            "at": self._show(cause["at"]),
            "count": cause["count"],
            "active": cause["active"],
            "acked_by": ack.get("by"),
            "acked_at": self._instant(ack.get("at")),
            "cleared_at": self._instant(cause["cleared_at"]),
        }

    def documents(self, *, past: bool = False) -> list[Document]:
        """Write the alarms that somebody has to care for, newest first; or those of a day."""
        names = [name for name in self._shared.entries if _is_cause(name)]
        if not past:
            names = [name for name in names if not self._is_past(name, self._shared.entries[name])]
        names.sort(key=lambda name: (self._shared.entries[name]["at"], name), reverse=True)
        return [self.document(name) for name in names]

    def episodes(self) -> list[tuple[str, Document]]:
        """Return the alarms of a day with the instant since which each holds, or last held."""
        return [
            (self._show(cause.get("since", cause["at"])), self.document(name))
            for name, cause in self._shared.entries.items()
            if _is_cause(name)
        ]

    def on_change(self, told: Callable[[str], None]) -> None:
        """Tell somebody of each alarm that is raised, cleared or acknowledged."""
        self._told.append(told)

    # --- the first process of a gateway

    async def keep(self) -> None:
        """Take up the alarms of our life before, and forget what is older than a day."""
        await self._shared.loaded.wait()
        before = {
            name
            for name, known in self._shared.entries.items()
            if _is_cause(name) and known["active"] and known["gateway"] == self._gateway
        }
        await asyncio.sleep(TAKEN_UP_S)
        for name in before - self._raised:
            self._clear(name)
        while True:
            self._tidy()
            await asyncio.sleep(TIDIED_EVERY_S)

    def _tidy(self) -> None:
        oldest = self._clock() - HISTORY_MS
        for name, known in list(self._shared.entries.items()):
            if not _is_cause(name) or (known["cleared_at"] or oldest) >= oldest:
                continue
            if self._is_past(name, known):
                self._shared.put(name, None)
                self._shared.put(name + _ACK, None)

    def _file(self, name: str, known: Document) -> None:
        """Keep an alarm that is over under a name of its own; its name may be raised anew."""
        ack = self._shared.entries.get(name + _ACK)
        self._shared.put(f"{name}{_PAST}{known['at']}", {**known, "ack": ack})

    def _is_past(self, name: str, known: Document) -> bool:
        return not known["active"] and (_PAST in name or name + _ACK in self._shared.entries)

    def _instant(self, at: int | None) -> str | None:
        return None if at is None else self._show(at)

    def _changed(self, field: str, _value: Document | None) -> None:
        name = field.removesuffix(_ACK)
        if _PAST not in name and name in self._shared.entries:
            for told in self._told:
                told(name)


def name_of(kind: str, of: str | None, direction: Direction | None = None) -> str:
    """Name an alarm by its kind and where it is.

    >>> name_of("forced", "north-1", "entry"), name_of("site_file", None)
    ('forced.north-1.entry', 'site_file')
    """
    return ".".join(part for part in (str(kind), of, direction) if part)


def _is_cause(name: str) -> bool:
    return not name.endswith(_ACK)
