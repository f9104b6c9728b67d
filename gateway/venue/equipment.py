"""The equipment as people see it: how each stands, and what it is told to do.

The gateway that owns a wire writes what it knows of its equipment (`{S}equipment`, hash of JSON);
every process shows all of it and passes commands to the owner over the bus. An owner also writes
every two seconds that it is there; without that nobody knows how its equipment stands.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import structlog

from config import Site
from config.models import Equipment
from drivers.signals import Mode
from gateway.entitlements.place import Direction
from gateway.errors import ComposteurError
from gateway.venue.bus import Bus, Message
from gateway.venue.flags import Flags
from gateway.venue.modes import Modes
from gateway.venue.shared import Shared

type Act = Literal["open", "lock", "free", "normal", "test"]
type Link = Literal["up", "down", "unknown"]
type Document = dict[str, Any]

ANSWERS_WITHIN_S: Final = 1.0
ALIVE_EVERY_S: Final = 2.0
GONE_MS: Final = 6_500
"""A gateway that has not been heard for so long is not there."""
WRITTEN_EVERY_S: Final = 0.2
MODES: Final[Mapping[str, Mode]] = {"lock": "locked", "free": "free", "normal": "normal"}
OUT_OF_SERVICE: Final = frozenset({"fault", "out_of_service"})

log = structlog.get_logger()


class CannotFollow(ComposteurError):
    """This equipment cannot do that."""


class NoAnswer(ComposteurError):
    """The equipment cannot be reached, or has not acknowledged in time."""


@dataclass(frozen=True, slots=True)
class Order:
    """What an operator has one equipment do.

    ``directions`` are those meant; a mode has been set in them already (`Modes`): to obey is to
    wait until the device has it too. ``id`` names the act, ``by`` the operator.
    """

    id: str
    equipment: str
    act: Act
    directions: tuple[Direction, ...]
    by: str
    not_after: int


type Obey = Callable[[Order], Awaitable[None]]
"""Carries an order out; ends with the device's acknowledgement, or raises `CannotFollow` or
`NoAnswer`."""


@dataclass(slots=True)
class _Owned:
    """One equipment on a wire of ours."""

    obey: Obey
    facts: Document = field(default_factory=dict)


class Panel:
    """All equipment of the site, in one process.

    Args:
        bus: the messages of this process.
        modes: what the equipment is set to.
        flags: kept by what cannot be reached or does not work.
        gateway: the id of this gateway.
        clock: milliseconds since the epoch, by the store's clock.
        show: writes an instant for people.
    """

    def __init__(
        self,
        bus: Bus,
        modes: Modes,
        flags: Flags,
        *,
        gateway: str,
        clock: Callable[[], int],
        show: Callable[[int], str],
    ) -> None:
        self._bus = bus
        self._modes = modes
        self._flags = flags
        self._gateway = gateway
        self._clock = clock
        self._show = show
        self._shared = Shared(bus, "equipment", pause_s=WRITTEN_EVERY_S)
        self._owned: dict[str, _Owned] = {}
        self._equipment: dict[str, Equipment] = {}
        self._drivers: dict[str, tuple[str, str]] = {}
        self._noted: set[str] = set()
        self._wired: set[str] = set()
        """All but handhelds and the gates that speak HTTP themselves: those nobody can call."""
        self._errands: set[asyncio.Task[None]] = set()
        self._told: list[Callable[[str], None]] = []
        self._shared.on_change(self._changed)
        modes.on_change(lambda name, _direction, _mode: self._tell(name))
        bus.listen("command", self._take)

    # --- the site

    def lay_out(self, site: Site) -> None:
        """Show the equipment of a site from now on."""
        self._equipment = {each.id: each for each in site.equipment}
        self._drivers = {each.id: (each.driver, each.gateway) for each in site.controllers}
        called = {name for name, (driver, _) in self._drivers.items() if driver != "http"}
        self._wired = {each.id for each in site.equipment if each.controller in called}

    def on_change(self, told: Callable[[str], None]) -> None:
        """Tell somebody of each equipment that stands otherwise than before."""
        self._told.append(told)

    def documents(self) -> list[Document]:
        """Write all equipment, in the order of the site file."""
        return [self.document(name) for name in self._equipment]

    def document(self, name: str) -> Document:
        """Write one equipment as it stands (`KeyError`: there is none of this name)."""
        equipment = self._equipment[name]
        driver, gateway = self._drivers.get(equipment.controller or "", ("http", self._gateway))
        facts = self._facts(name, gateway)
        modes = {way: self._modes.mode(name, way) for way in equipment.directions}
        return {
            "id": name,
            "name": equipment.name or name,
            "kind": equipment.kind,
            "space": equipment.space,
            "direction": equipment.direction,
            "controller": equipment.controller,
            "opens": equipment.opens,
            "driver": driver if equipment.controller else None,
            "link": facts.get("link", "unknown"),
            "since": self._instant(facts.get("since")),
            "state": facts.get("state") or self._state_of(equipment, modes, facts.get("link")),
            "modes": {"entry": modes.get("entry"), "exit": modes.get("exit")},
            "inputs": facts.get("inputs", {}),
            "counters": facts.get("counters", {"entry": None, "exit": None}),
            "battery": facts.get("battery"),
            "lane_per_min": equipment.per_min,
            "last_scan": facts.get("last_scan"),
            "gateway": gateway if equipment.controller else None,
            "commands": list(self.commands(name)),
        }

    def commands(self, name: str) -> tuple[Act, ...]:
        """Tell what an equipment can be told."""
        equipment = self._equipment[name]
        acts: tuple[Act, ...] = ()
        wired = name in self._wired
        if equipment.kind in {"turnstile", "door"} and wired:
            acts = ("open",)
        if equipment.kind in {"reader", "turnstile", "door"}:
            acts = (*acts, "lock", "free", "normal")
        return (*acts, "test") if wired else acts

    @property
    def links_down(self) -> int:
        """Count the wired equipment that cannot be reached."""
        return sum(
            self._facts(name, self._drivers[each.controller][1]).get("link") == "down"
            for name, each in self._equipment.items()
            if each.controller in self._drivers
        )

    def _facts(self, name: str, gateway: str) -> Document:
        if name in self._owned:
            return self._owned[name].facts
        facts: Document = self._shared.entries.get(name, {})
        alive = self._shared.entries.get(f"@{gateway}", 0)
        owned = name in self._wired and gateway != self._gateway
        if facts and owned and alive < self._clock() - GONE_MS:
            return {"since": alive or None, "state": "unknown"}
        return facts

    def _state_of(
        self, equipment: Equipment, modes: Mapping[Direction, Mode], link: str | None
    ) -> str:
        if equipment.controller and (link != "up" or equipment.id in self._wired):
            return "unknown"
        words = set(modes.values())
        return words.pop() if len(words) == 1 and "normal" not in words else "idle"

    def _instant(self, at: int | None) -> str | None:
        return None if at is None else self._show(at)

    # --- the owner's side

    def attach(self, name: str, obey: Obey) -> None:
        """Own an equipment: its orders come here."""
        self._owned[name] = _Owned(obey)
        self.tell(name, link="down", state="unknown")

    def owned_inputs(self, name: str) -> Mapping[str, bool]:
        """Return the inputs of an equipment on a wire of ours; none of any other."""
        owned = self._owned.get(name)
        found: Mapping[str, bool] = {} if owned is None else owned.facts.get("inputs", {})
        return found

    def detach(self, name: str) -> None:
        """Own it no more."""
        if self._owned.pop(name, None) is not None:
            self._shared.put(name, None)

    def tell(self, name: str, **facts: Any) -> None:
        """Tell how an equipment stands: what is named, the rest is as before. Never waits.

        ``link`` up | down, ``state`` its machine's word, ``inputs``, ``counters``, ``battery``,
        ``last_scan``. The instant of a link's change is noted by itself.
        """
        owned = self._owned.get(name)
        if owned is None:
            return
        if facts.get("link", owned.facts.get("link")) != owned.facts.get("link"):
            facts["since"] = self._clock()
        owned.facts = {**owned.facts, **facts, "gateway": self._gateway}
        self._shared.put(name, owned.facts)

    def note(self, name: str, **facts: Any) -> None:
        """Tell how an equipment without a wire stands, as any process may; as `tell`."""
        self._noted.add(name)
        known = self._shared.entries.get(name, {})
        if facts.get("link", known.get("link")) != known.get("link"):
            facts["since"] = self._clock()
        self._shared.put(name, {**known, **facts, "gateway": self._gateway})

    async def forget_unwired(self) -> None:
        """Forget what an earlier life knew of equipment without a wire."""
        await self._shared.loaded.wait()
        for name in self._equipment.keys() - self._wired - self._noted:
            if name in self._shared.entries:
                self._shared.put(name, None)
        await asyncio.Event().wait()

    async def run(self) -> None:
        """Keep equal with the other processes until cancelled; an owner says that it is there."""
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._shared.run(), name="equipment-shared")
                both.create_task(self._keep_alive(), name="equipment-alive")
        finally:
            for errand in self._errands:
                errand.cancel()

    async def _keep_alive(self) -> None:
        await self._shared.loaded.wait()
        for name, facts in list(self._shared.entries.items()):
            ours = name[:1] != "@" and facts.get("gateway") == self._gateway
            if ours and name not in self._equipment:
                self._shared.put(name, None)
        while True:
            if self._owned:
                self._shared.put(f"@{self._gateway}", self._clock())
            await asyncio.sleep(ALIVE_EVERY_S)

    def _take(self, message: Message) -> None:
        owned = self._owned.get(message["equipment"])
        if owned is None:
            return
        order = Order(
            id=message["id"],
            equipment=message["equipment"],
            act=message["act"],
            directions=tuple(message["directions"]),
            by=message["by"],
            not_after=message["not_after"],
        )
        task = asyncio.create_task(
            self._obey(owned.obey, order, message), name=f"order-{order.equipment}"
        )
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _obey(self, obey: Obey, order: Order, message: Message) -> None:
        """Have an order carried out, and say how it went."""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                await obey(order)
        except CannotFollow as error:
            self._bus.answer(message, ok=False, cannot=True, error=str(error))
        except (NoAnswer, TimeoutError) as error:
            self._bus.answer(message, ok=False, cannot=False, error=str(error))
        except Exception as error:  # noqa: BLE001  # whoever asked is told
            log.error("order_failed", equipment=order.equipment, error=repr(error))  # noqa: TRY400
            self._bus.answer(message, ok=False, cannot=False, error=str(error))
        else:
            self._bus.answer(message, ok=True)

    # --- the operator's side

    async def command(self, name: str, act: Act, direction: Direction | None, by: str) -> None:
        """Have an equipment do something, wherever its wire is.

        A mode is what is wanted from now on: it stays although the device cannot be told just now.

        Raises:
            CannotFollow: not this equipment.
            NoAnswer: it cannot be reached, or nobody has acknowledged.
        """
        equipment = self._equipment[name]
        if act not in self.commands(name):
            can = ", ".join(self.commands(name)) or "nothing"
            raise CannotFollow(f"{name} follows {can}.")
        if direction is not None and direction not in equipment.directions:
            raise CannotFollow(f"{name} does not serve this direction.")
        directions = (direction,) if direction else equipment.directions
        if act == "open":
            directions = directions[:1]
        mode = MODES.get(act)
        if mode is not None:
            for each in directions:
                self._modes.set(name, each, mode)
        if name not in self._wired:
            with contextlib.suppress(TimeoutError):
                await self._modes.settled()
            return
        answer = await self._bus.ask(
            {"do": "command", "equipment": name, "act": act, "directions": directions, "by": by},
            ANSWERS_WITHIN_S,
        )
        if answer is None or not answer["ok"]:
            said = "Nobody has acknowledged." if answer is None else answer["error"]
            if answer is not None and answer["cannot"]:
                raise CannotFollow(said)
            later = " It takes the mode as soon as it is back." if mode else ""
            raise NoAnswer(f"{said or 'Nobody has acknowledged.'}{later}")

    # --- what is told

    def _changed(self, name: str, facts: Document | None) -> None:
        equipment = self._equipment.get(name)
        if equipment is None:
            return
        known = facts or {}
        down = known.get("link") == "down" or known.get("state") in OUT_OF_SERVICE
        bad = down and name in self._wired  # else it is there whenever it asks
        for direction in equipment.directions:
            self._flags.set(name, direction, "o", "link", holds=bad)
        self._tell(name)

    def _tell(self, name: str) -> None:
        if name in self._equipment:
            for told in self._told:
                told(name)
