"""What operators see and do, put together: one of these in each process that serves.

The works of every process keep its memory of modes, equipment, alarms and evacuations equal with
the others'; those of a gateway's first process act for all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from config import Site
from gateway.central.connection import Central
from gateway.entitlements.admin import StoreAdmin
from gateway.entitlements.code_keys import CodeKeyShelf
from gateway.entitlements.store import EntitlementStore
from gateway.venue import acts as acts_
from gateway.venue.acts import Acts
from gateway.venue.alarms import Alarms
from gateway.venue.audit import Anchors
from gateway.venue.bus import Bus
from gateway.venue.codes import Codes
from gateway.venue.equipment import Panel
from gateway.venue.evacuation import Evacuation
from gateway.venue.figures import Figures
from gateway.venue.flags import Flags
from gateway.venue.health import LINK_DOWN
from gateway.venue.http_gates import HttpGates
from gateway.venue.modes import Modes
from gateway.venue.occupancy import Lease, Occupancies
from gateway.venue.opening import Opening
from gateway.venue.pace import Pace, Tallies
from gateway.venue.readers import ReaderFacts, SpaceFacts, readers, spaces
from gateway.venue.tasks import Work
from gateway.venue.trend import Trend
from gateway.venue.vitals import Vitals
from gateway.venue.watching import Watching


@dataclass(slots=True)
class Operations:
    """The parts, and the two tables that scans and people look into."""

    bus: Bus
    flags: Flags
    modes: Modes
    panel: Panel
    http_gates: HttpGates
    alarms: Alarms
    acts: Acts
    evacuation: Evacuation
    opening: Opening
    occupancies: Occupancies
    pace: Pace
    trend: Trend
    vitals: Vitals
    figures: Figures
    watching: Watching
    codes: Codes
    readers: dict[str, ReaderFacts]
    spaces: dict[str, SpaceFacts]

    def lay_out(self, site: Site) -> None:
        """Serve a site from now on; the tables stay the same objects, so nobody has to ask anew."""
        found = readers(site)
        self.readers.clear()
        self.readers |= found
        self.spaces.clear()
        self.spaces |= spaces(site)
        self.flags.forget((each.id, way) for each in site.equipment for way in each.directions)
        self.flags.stand_as({each.id: each.opens for each in site.equipment if each.opens})
        self.panel.lay_out(site)
        self.opening.lay_out(site, self.spaces)
        self.occupancies.lay_out(site, self.spaces)
        self.evacuation.lay_out(site)
        self.codes.lay_out(site)

    async def take_up(self, site: Site) -> None:
        """Serve another site, without dropping a scan."""
        self.lay_out(site)

    def degraded(self) -> list[str]:
        """Words for what is not as it should be."""
        return [LINK_DOWN] if self.panel.links_down else []

    def see_fire(self, name: str) -> None:
        """Take a fire input at rest for what it is, also where a life before saw it active."""
        if self.panel.owned_inputs(name).get("fire") is False:
            place = self.readers[name].place(None)
            if place is not None:
                self.evacuation.fire(name, place.space, active=False)

    def works(self) -> dict[str, Work]:
        """Return what every process does."""
        return {
            "bus": self.bus.run,
            "modes": self.modes.run,
            "equipment": self.panel.run,
            "alarms": self.alarms.run,
            "acts": self.acts.run,
            "evacuation": self.evacuation.run,
            "opening": self.opening.run,
            "pace": self.pace.run,
            "vitals": self.vitals.run,
            "codes": self.codes.run,
        }

    def first_works(self, admin: StoreAdmin) -> dict[str, Work]:
        """Return what the first process does besides."""
        return {
            "alarms_kept": self.alarms.keep,
            "evacuation_kept": self.evacuation.keep,
            "spaces_kept": partial(self.opening.keep_stored, admin),
            "occupancy": self.occupancies.run,
            "gates_forgotten": self.panel.forget_unwired,
            "refusals": self.watching.run,
            "trend": self.trend.run,
            "vitals_told": self.vitals.keep_telling,
        }


def operations(
    site: Site,
    admin: StoreAdmin,
    store: EntitlementStore,
    show: Callable[[int], str],
    tallies: Tallies = dict,
) -> Operations:
    """Put the parts together for a site.

    Args:
        site: the site.
        admin: its store, for what is no scan.
        store: its store; its clock is everybody's.
        show: writes an instant for people.
        tallies: what this process has counted, by reader.
    """
    gateway, clock = site.identity.gateway, store.now
    bus, flags, acts = Bus(admin, clock), Flags(clock), Acts(admin, clock)
    modes = Modes(bus, flags)
    alarms = Alarms(bus, gateway=gateway, clock=clock, show=show)
    panel = Panel(bus, modes, flags, gateway=gateway, clock=clock, show=show)
    pace = Pace(admin, tallies, clock)
    vitals = Vitals(bus, gateway=gateway, clock=clock, show=show)
    found: dict[str, ReaderFacts] = {}
    made = Operations(
        bus=bus,
        flags=flags,
        modes=modes,
        panel=panel,
        http_gates=HttpGates(panel, clock, show),
        alarms=alarms,
        acts=acts,
        evacuation=Evacuation(bus, alarms, acts, clock),
        opening=Opening(bus, flags, clock),
        occupancies=Occupancies(bus, store, alarms, clock),
        pace=pace,
        trend=Trend(admin, clock),
        vitals=vitals,
        figures=Figures(pace, vitals, found),
        watching=Watching(pace, alarms, Lease(admin, "refusals")),
        codes=Codes(CodeKeyShelf(admin), clock),
        readers=found,
        spaces={},
    )
    made.panel.on_change(made.see_fire)
    made.lay_out(site)
    return made


def moving(admin: StoreAdmin, central: Central, anchors: Anchors) -> Work:
    """Return the work that carries acts into the database."""
    return partial(acts_.keep_moving, admin, central, anchors)
