"""The gates of a gateway: its boards, and all that their lanes need of the venue."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from zoneinfo import ZoneInfo

from gateway.app.core import Core, clock, site_now
from gateway.tickets.messages import message
from gateway.venue.answers import Answers
from gateway.venue.boards import Boards
from gateway.venue.home_assistant import Showing
from gateway.venue.machines import machine_of
from gateway.venue.needs import Needs
from gateway.venue.settlements import Settlements
from gateway.venue.settling import prolong
from gateway.venue.tasks import Work, kept_going
from gateway.venue.times import Times
from gateway.venue.wires import wires


@asynccontextmanager
async def boards_of(core: Core) -> AsyncIterator[Boards]:
    """Keep the wires of this gateway, and let in at its gates."""
    site, people = core.site, core.operations
    zone = ZoneInfo(site.identity.timezone)
    needs = Needs(
        store=core.store,
        settlements=lambda lane: Settlements(
            lane, core.store, core.central, core.admin.read_events, partial(prolong, core.admin)
        ),
        late=core.late,
        flags=people.flags,
        panel=people.panel,
        alarms=people.alarms,
        fire=people.evacuation.fire,
        answers=Answers(Times(zone), site.id),
        say=lambda decision, place, language=None: message(
            decision, place, language or _language(core), zone=zone
        ),
        languages=lambda: (_language(core),),
        scanned=core.metrics.scanned,
        wall=clock,
        dice=random.random,
        mode=people.modes.mode,
        evacuates=people.evacuation.at,
        codes=people.codes,
        first=people.opening,
    )
    on_wires = wires()
    boards = Boards(on_wires, needs, machine_of, core.admitting, core.addresses.mqtt)
    core.metrics.dropped = boards.dropped
    people.modes.on_change(boards.set_mode)
    people.evacuation.on_change(boards.evacuate)

    def alarm_changed(name: str) -> None:
        alarm = people.alarms.document(name)
        if alarm["acked_at"] is not None and alarm["equipment"] is not None:
            boards.acknowledged(alarm["equipment"], alarm["kind"])

    people.alarms.on_change(alarm_changed)
    waiting = "Passages and annulments that are still to be written into the store."
    core.metrics.gauge("settlements_waiting", waiting, lambda: float(boards.waiting))
    if core.site_file is not None:
        core.site_file.on_change(boards.apply)
    showing: dict[str, Work] = {}
    if site.stores.home_assistant and core.addresses.mqtt is not None:
        showing["home_assistant"] = Showing(
            on_wires,
            core.addresses.mqtt,
            operations=people,
            admin=core.admin,
            site=partial(site_now, core),
            wall=clock,
        ).run
    async with boards.running(site), kept_going(**showing):
        yield boards


def _language(core: Core) -> str:
    return site_now(core).identity.language
