"""A real gateway with an entrance on each kind of cable; what it shows and has counted.

The entrances are those of `tests.integration.venue.entrances`, beside the test; the gateway is a
process of its own, asked over HTTP and by `composteur verify`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from tests.integration.mqtt.brokers import Mosquitto
from tests.integration.venue.entrances import Entrances, entrances, known
from tests.system import crowd, gates
from tests.system.gateways import Gateway
from tests.system.test_storms import in_thread

FAILED = 0.005
"""Of those who have passed, how many may have done so after a release that the board, on a busy
machine, acknowledged too late: it has failed, the stamp is given back (docs/modbus.md), and
whoever goes through all the same is counted as a person without a ticket."""

type MakeGateway = Callable[..., Gateway]


@asynccontextmanager
async def a_venue(
    make_gateway: MakeGateway, broker: Mosquitto, folder: Path, dice: Random
) -> AsyncIterator[tuple[Gateway, Entrances]]:
    """Run both until the end of the block."""
    kinds = await in_thread(known)
    async with entrances(folder, broker, kinds, dice) as there:
        site = gates.venue([], mqtt=broker.url) + there.tables()
        gateway = await in_thread(lambda: make_gateway(site=site).start().with_key())
        await gates.shown(gateway, "up", there.equipment)
        yield gateway, there


async def books_agree(gateway: Gateway, there: Entrances, *, every_person: bool = True) -> None:
    """Check that whoever was told to have passed is stamped, once, and that nobody else is.

    ``every_person``: each person who has passed is counted, whether or not it could be told whose
    ticket they had shown.
    """
    through = len(there.through)
    if every_person:
        await gates.space_is(gateway, through, within_s=30)
    await nobody_expected(gateway)
    await gates.verified(gateway)
    stamped = await gates.stamped(gateway)
    failed = there.passed - stamped
    assert failed <= await given_back(gateway), failed - await given_back(gateway)
    print(f"{len(failed)} of {len(there.passed)} passed after a release that had failed")
    assert len(failed) <= FAILED * len(there.passed), failed
    assert stamped <= there.shown, stamped - there.shown
    persons, stamps = await gates.attendance(gateway)
    assert stamps == len(stamped)
    if every_person:
        assert persons == through
    await opened_for_somebody(gateway, there)


async def given_back(gateway: Gateway) -> set[str]:
    """Return the tickets of which a grant was annulled."""
    rows = await crowd.rows(
        gateway,
        "SELECT DISTINCT ticket_code FROM composteur.scan_event WHERE kind = 'annulled'",
    )
    return {row["ticket_code"] for row in rows}


async def nobody_expected(gateway: Gateway, within_s: float = 40) -> None:
    """Wait until every reservation is settled."""
    ends_at = time.monotonic() + within_s
    while (standing := await gates.space(gateway))[1]:
        assert time.monotonic() < ends_at, standing
        await asyncio.sleep(0.1)


async def opened_for_somebody(gateway: Gateway, there: Entrances) -> None:
    """Check that no entrance has opened more often than somebody was granted there."""
    rows = await crowd.rows(
        gateway,
        "SELECT reader, count(*)::int AS grants FROM composteur.scan_event"
        " WHERE kind = 'scan' AND decision = 'granted' GROUP BY reader",
    )
    grants = {row["reader"]: row["grants"] for row in rows}
    for each in there.each:
        reader = f"{each.name}-in" if f"{each.name}-in" in there.equipment else each.name
        assert each.opened <= grants[reader], (each.name, each.opened, grants)
