"""How long each report takes on ten million events of four hundred days.

The days are written into the database as a gateway would have left them, but for the sums that
reports are answered from: those the gateway makes by itself once it looks, and is waited for. Then
each report is asked for over HTTP, of all days, of a month and of a day, while visitors go on.
"""

import asyncio
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import aiohttp

from loadtest.figures import Figure, at_most
from loadtest.live import visitors
from loadtest.plan import Plan
from loadtest.sql import statement
from loadtest.stand import Stand, StandFailed, temporary_stand

DAYS, QUICK_DAYS = 400, 20
EVENTS_A_DAY = 25_000
WITHIN_S = 1.0
ROUNDS = 3
ROLLED_WITHIN_S = 1_800
REPORTS = (
    "validations", "stamps", "attendance", "attendance-groups", "attendance-individuals",
    "arrivals", "no-shows", "refusals", "availability", "external-tickets", "ticket-stamps",
    "ticket-stamps?dates=order",
)  # fmt: skip
PARIS = ZoneInfo("Europe/Paris")
TABLES = ("sessions", "tickets", "events", "states", "attendance")


async def run(plan: Plan) -> list[Figure]:
    """Fill a database, let it be summed up, ask for every report."""
    days = QUICK_DAYS if plan.quick else DAYS
    async with temporary_stand(
        durability=plan.durabilities[0], command=plan.command, parent=plan.folder
    ) as stand:
        took_s = await fill(stand, days, plan)
        plan.say(f"  {days * EVENTS_A_DAY:,} events written in {took_s:.0f} s")
        rolled_s = await summed_up(stand, days)
        key = await stand.make_key("operator")
        storm_tickets = int(plan.live_rate * 120)
        await stand.sell(0, storm_tickets)
        async with visitors(stand, rate=plan.live_rate, first=0, seed=plan.seed) as storm:
            figures = await ask(stand.url, key, days)
            outcome = await storm.leave()
    figures.append(
        Figure("reports", f"{days} days summed up for the first time", rolled_s, "s",
               note=f"{days * EVENTS_A_DAY / rolled_s:,.0f} events a second")
    )  # fmt: skip
    if outcome.void:
        plan.say(f"  visitors meanwhile: {outcome.void}")
    return figures


async def fill(stand: Stand, days: int, plan: Plan) -> float:
    """Write the days up to yesterday; return the seconds it took."""
    begun = time.perf_counter()
    today = datetime.now(PARIS).date()
    async with stand.sql.transaction():
        # As restored from a copy: nothing is told to the gates, no key is looked up.
        await stand.sql.execute("SET LOCAL session_replication_role = replica")
        await stand.sql.execute(statement("reports/catalogue"))
        for number in range(days):
            day = today - timedelta(days=days - number)
            if number == 0 or day.day == 1 or number == days - 1:
                await stand.sql.execute(statement("reports/month"), day)
            for table in TABLES:
                await stand.sql.execute(statement(f"reports/{table}"), number, day)
            if number % 50 == 49:  # noqa: PLR2004 - now and then
                plan.say(f"  {number + 1} of {days} days")
    await stand.sql.execute("ANALYZE")
    return time.perf_counter() - begun


async def summed_up(stand: Stand, days: int) -> float:
    """Wait until the gateway has summed the days up, and counted their sessions."""
    begun = time.perf_counter()
    while not await stand.sql.fetchval(statement("reports/summed_up"), days):
        if time.perf_counter() - begun > ROLLED_WITHIN_S:
            raise StandFailed(f"not summed up within {ROLLED_WITHIN_S} s")
        await asyncio.sleep(0.2)
    return time.perf_counter() - begun


async def ask(url: str, key: str, days: int) -> list[Figure]:
    """Ask for every report of every period; the figure is the slowest of three times."""
    today = datetime.now(PARIS).date()
    periods = {
        f"{days} days": today - timedelta(days=days),
        "a month": today - timedelta(days=30),
        "a day": today - timedelta(days=1),
    }
    figures = []
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session:
        for name in REPORTS:
            for words, starts in periods.items():
                period = f"from={starts}&to={today + timedelta(days=1)}"
                path = f"{url}/v1/reports/{name}{'&' if '?' in name else '?'}{period}"
                took_s, size = 0.0, 0
                for _ in range(ROUNDS):
                    begun = time.perf_counter()
                    async with session.get(path) as response:
                        size = len(await response.read())
                        response.raise_for_status()
                    took_s = max(took_s, time.perf_counter() - begun)
                figures.append(
                    Figure("reports", f"{name}, {words}", took_s * 1_000, "ms",
                           at_most(WITHIN_S * 1_000), note=f"{size / 1_000:,.0f} kB of JSON")
                )  # fmt: skip
    return figures
