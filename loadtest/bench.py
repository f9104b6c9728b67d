"""Measure the gateway against the numbers of DESIGN section 11.

    python -m loadtest.bench                         everything; about an hour
    python -m loadtest.bench --only throughput --quick

Each scenario starts a gateway of its own in a temporary folder, and removes it. Misses are printed
as misses; nothing here is a test.
"""

import asyncio
import os
import shlex
import signal
import sys
import traceback
from pathlib import Path

import click
import uvloop
from rich.console import Console

from loadtest import report
from loadtest.figures import Figure, Verdict
from loadtest.machine import facts
from loadtest.plan import Plan
from loadtest.processes import cores_here
from loadtest.scenarios import NAMES, scenario
from loadtest.stand import GATEWAY

QUICK_SECONDS = 5.0
QUICK_TICKETS = 50_000
BUSY = 0.5
"""Load of the last minute above which others are at work on the same cores."""
WIDTH = 160
"""Of the table in a file or a log."""


async def measure(plan: Plan, names: tuple[str, ...]) -> tuple[list[Figure], list[str]]:
    """Run the scenarios one after the other; one that fails does not stop the next."""
    figures: list[Figure] = []
    failures: list[str] = []
    for name in names:
        plan.say(f"── {name}")
        try:
            figures += await scenario(name)(plan)
        except Exception as error:  # noqa: BLE001 - whatever it was, the other figures count
            traceback.print_exc()
            failures.append(f"{name}: {type(error).__name__}: {error}")
    return figures, failures


async def until_interrupted(plan: Plan, names: tuple[str, ...]) -> tuple[list[Figure], list[str]]:
    """Measure; Ctrl-C or SIGTERM stops what was started before the program ends."""
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(measure(plan, names), name="bench")
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    return await task


@click.command()
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="Only these scenarios.")
@click.option("--quick", is_flag=True, help="Short and small, to try it out: not for the record.")
@click.option("--seconds", type=float, help="Seconds of each turn (60).")
@click.option("--rounds", type=int, help="Turns of baseline and gateway (2).")
@click.option("--tickets", type=int, help="Tickets of the large scenarios (1,000,000).")
@click.option("--durability", multiple=True, type=click.Choice(["always", "everysec"]))
@click.option("--workers", multiple=True, type=click.IntRange(1, 2))
@click.option("--live-rate", type=float, default=200.0, help="Visitors a second meanwhile.")
@click.option("--seed", type=int, default=1)
@click.option("--gateway", default="", help="Command to measure (python -m gateway.cli).")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="For the state.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--markdown", is_flag=True, help="Print the README's table.")
def main(
    *,
    only: tuple[str, ...],
    quick: bool,
    seconds: float | None,
    rounds: int | None,
    tickets: int | None,
    durability: tuple[str, ...],
    workers: tuple[int, ...],
    live_rate: float,
    seed: int,
    gateway: str,
    folder: Path | None,
    json_file: Path | None,
    markdown: bool,
) -> None:
    """Measure the gateway; exit with 1 when a figure misses its target."""
    console = Console(stderr=markdown)
    if not console.is_terminal:
        console.width = WIDTH
    plan = Plan(
        console=console,
        cores=tuple(cores_here()[:2]),
        quick=quick,
        seconds=seconds or (QUICK_SECONDS if quick else 60.0),
        rounds=rounds or (1 if quick else 2),
        tickets=tickets or (QUICK_TICKETS if quick else 1_000_000),
        durabilities=durability or ("everysec", "always"),
        workers=workers or (1, 2),
        live_rate=live_rate,
        seed=seed,
        command=tuple(shlex.split(gateway)) or GATEWAY,
        folder=folder,
    )
    size = f"{plan.rounds} × {plan.seconds:g} s a turn, {plan.tickets:,} tickets"
    machine = facts() | {"run": f"{'quick: ' if quick else ''}{size}"}
    report.print_facts(console, machine)
    if os.getloadavg()[0] > BUSY:
        console.print("the machine is busy with something else: not for the record", style="yellow")
    names = tuple(name for name in NAMES if name in only) or NAMES
    try:
        figures, failures = uvloop.run(until_interrupted(plan, names))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("stopped; everything that was started has been stopped too")
    report.print_table(console, figures)
    if quick:
        console.print("--quick: short and small runs, good for trying only", style="yellow")
    for failure in failures:
        console.print(f"failed: {failure}", style="bold red", highlight=False)
    if json_file:
        report.write_json(json_file, figures, machine)
    if markdown:
        print(report.markdown(figures, machine))
    bad = any(figure.verdict in {Verdict.MISSED, Verdict.VOID} for figure in figures)
    sys.exit(1 if bad or failures else 0)


if __name__ == "__main__":
    main()
