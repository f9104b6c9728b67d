"""Send visitors to a gateway at a given rate: a small command for load testers.

    python -m loadtest.storm --url http://127.0.0.1:8080 --key KEY --rate 1000 --for 60

Without `--codes` it presents the tickets of the series that `loadtest/sql/tickets.sql` makes, each
once. The exit status is 1 when an answer was not what was expected, and when this generator was
itself too late to be believed.
"""

import asyncio
import itertools
import selectors
import signal
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import click
import orjson
import uvloop

from loadtest.client import Place, Requests
from loadtest.codes import TAG, code_of
from loadtest.generator import GRANTED, Generator, Outcome
from loadtest.samples import Spread
from loadtest.schedule import poisson

BEGUN = "begun"
"""Said to another program when the first visitor comes."""


def scans(
    requests: Requests, codes: Iterator[str], *, reader: str | None, check: bool
) -> Iterator[bytes]:
    """Yield a scan for each code, with a nonce of its own."""
    body: dict[str, str] = {"code": "", "nonce": ""}
    if reader:
        body["reader"] = reader
    if check:
        body["mode"] = "check"
    for code in codes:
        body["code"] = code
        body["nonce"] = uuid.uuid4().hex
        yield requests.scan(orjson.dumps(body))


def codes_of(file: Path | None, *, tag: str, first: int) -> Iterator[str]:
    """Yield the codes of a file over and over, or those of the series from `first` on."""
    if file is not None:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
        return itertools.cycle([line for line in lines if line])
    return (code_of(number, tag) for number in itertools.count(first))


async def storm(generator: Generator, *, rate: float, lasts_s: float, seed: int) -> Outcome:
    """Run until the time is over or someone presses Ctrl-C."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, generator.stop)
    if rate:
        return await generator.open_loop(poisson(rate, seed=seed, lasts_s=lasts_s))
    return await generator.closed_loop(lasts_s=lasts_s)


def precise_loop() -> asyncio.AbstractEventLoop:
    """Return a loop that wakes within some 0.1 ms: `select` counts in microseconds.

    epoll, and uvloop with it, sleeps in whole milliseconds, which would show in every median.
    """
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def summary(outcome: Outcome) -> str:
    """Say in four lines what happened."""
    latency, service = outcome.latency, outcome.service
    kinds = ", ".join(f"{name} {count:,}" for name, count in sorted(outcome.outcomes.items()))
    return "\n".join(
        (
            (
                f"{outcome.answered:,} answers in {outcome.lasted_s:.1f} s "
                f"({outcome.answered / outcome.lasted_s:,.0f}/s): {kinds}"
            ),
            f"from due to answer   {_spread(latency)}",
            f"from sent to answer  {_spread(service)}",
            (
                f"generator: {outcome.late:,} sends more than 5 ms late, the latest "
                f"{outcome.latest_ms} ms; {outcome.queued:,} found no free connection"
            ),
            *(f"unexpected: {example}" for example in outcome.examples),
        )
    )


def _spread(times: Spread) -> str:
    return f"p50 {times.p50} ms  p99 {times.p99} ms  p99.9 {times.p999} ms  most {times.most} ms"


@click.command()
@click.option("--url", required=True, help="http://HOST:PORT of the gateway.")
@click.option("--key", envvar="COMPOSTEUR_KEY", required=True, help="A scanner's key.")
@click.option(
    "--rate", type=float, default=100.0, help="Visitors a second on average; 0: closed loop."
)
@click.option("--for", "lasts_s", type=float, default=10.0, help="Seconds.")
@click.option("--reader", help="The reader's id, for a key that is not bound to one.")
@click.option("--codes", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tag", default=TAG, help="The series of tickets.")
@click.option("--first", type=int, default=0, help="The first ticket of the series to present.")
@click.option("--check", is_flag=True, help="Only look: no ticket is stamped.")
@click.option("--expect", multiple=True, default=(GRANTED,), help="Outcomes that are right; `any`.")
@click.option("--connections", type=int, default=64)
@click.option("--seed", type=int, default=1, help="The same seed sends the same visitors.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(
    *,
    url: str,
    key: str,
    rate: float,
    lasts_s: float,
    reader: str | None,
    codes: Path | None,
    tag: str,
    first: int,
    check: bool,
    expect: tuple[str, ...],
    connections: int,
    seed: int,
    as_json: bool,
) -> None:
    """Send visitors at a given rate and print how long they waited."""
    place = Place.of(url)
    requests = scans(
        Requests(place, key), codes_of(codes, tag=tag, first=first), reader=reader, check=check
    )

    async def run() -> Outcome:
        generator = Generator(
            place,
            requests,
            connections=connections,
            expected=frozenset(expect),
            on_begin=lambda: print(BEGUN, flush=True) if as_json else None,
        )
        return await storm(generator, rate=rate, lasts_s=lasts_s, seed=seed)

    factory = precise_loop if rate else uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        outcome = runner.run(run())
    print(orjson.dumps(outcome.as_json()).decode() if as_json else summary(outcome))
    wrong = 0 if "any" in expect else outcome.wrong
    sys.exit(1 if wrong or not outcome.believable else 0)


if __name__ == "__main__":
    main()
