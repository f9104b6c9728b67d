"""How much memory the events of three days without the central database would take.

At least 200,000 real scans are made while the streamer is kept from writing: we hold a lock on
`scan_event`, which to the streamer is a database that does not answer. What the stream grew by,
divided by the scans, times three million, is the figure: an extrapolation, and said to be one.
"""

from loadtest.figures import Figure, at_most
from loadtest.plan import Plan
from loadtest.site import SITE
from loadtest.sql import statement
from loadtest.stamping import stamp, stamp_and_pass
from loadtest.stand import Stand, temporary_stand

DAYS = 3
A_DAY = 1_000_000
LANES = 32
TARGETS_MB = {"grant": 450.0, "passage": 950.0}


async def run(plan: Plan) -> list[Figure]:
    """Let the stream grow, with grants alone and with grants and passages."""
    return [await _measure(plan, count_on) for count_on in TARGETS_MB]


async def _measure(plan: Plan, count_on: str) -> Figure:
    scans = 10_000 if plan.quick else 200_000
    lanes = LANES if count_on == "passage" else 0
    async with temporary_stand(
        durability="everysec", command=plan.command, parent=plan.folder, lanes=lanes
    ) as stand:
        await stand.sell(0, scans)
        blocker = await stand.another_sql_connection()
        async with blocker.transaction():
            await blocker.execute(statement("lock_events"))
            before, events_before = await _stream(stand)
            if lanes:
                await stamp_and_pass(stand, 0, scans, lanes=lanes)
            else:
                await stamp(stand, 0, scans)
            after, events_after = await _stream(stand)
        await blocker.close()
        caught_up_s = await stand.wait_for_counted(scans)
        wrong = await stand.verify()
    each = (after - before) / scans
    events = events_after - events_before
    expected = scans * (2 if lanes else 1)
    void = wrong or ("" if events == expected else f"{events} events where {expected} were made")
    return Figure(
        "backlog",
        f'72 h × 1,000,000 scans a day without database, count_on = "{count_on}"',
        each * DAYS * A_DAY / 1e6,
        "MB",
        at_most(TARGETS_MB[count_on]),
        "",
        f"extrapolated from {scans:,} scans, {events:,} events, {each:.1f} bytes a scan; "
        f"all counted {caught_up_s:.1f} s after the database was back",
        void,
    )


async def _stream(stand: Stand) -> tuple[int, int]:
    """Return the bytes and the entries of the stream of events."""
    name = f"{{{SITE}}}events"
    used = await stand.store.memory_usage(name, samples=0) or 0
    return int(used), int(await stand.store.xlen(name))
