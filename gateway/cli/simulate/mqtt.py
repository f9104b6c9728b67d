"""`composteur simulate gate|relay`: a gate of ours, or a board with relays, on MQTT."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli.simulate.crowds import codes_of
from gateway.cli.site import DEFAULT, VARIABLE, load_site

if TYPE_CHECKING:
    from drivers.mqtt.simulator import Behaviour, SimulatedGate


_site = click.option(
    "--site",
    "site",
    default=str(DEFAULT),
    envvar=VARIABLE,
    show_default=True,
    help="The site file; with --mqtt the site's id will do.",
)
_mqtt = click.option(
    "--mqtt",
    "url",
    metavar="URL",
    help="The broker, mqtt://… or mqtts://…; else that of the site's running gateway.",
)
_tls_ca = click.option(
    "--tls-ca", type=click.Path(path_type=Path, exists=True), help="Who vouches for the broker."
)


@click.command("gate")
@_site
@_mqtt
@_tls_ca
@click.option(
    "--equipment",
    metavar="ID",
    help="Which gate; with --gates N: ID-1 … ID-N. Else all MQTT gates of the site file.",
)
@click.option("--gates", "number", type=click.IntRange(1, 1000), metavar="N", help="How many.")
@click.option(
    "--codes",
    type=click.File("r", lazy=True),
    metavar="FILE",
    help="One code a line, - for the input; else made-up ones, which nobody sold.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    metavar="N",
    help="People arriving a second, at all gates together.",
)
@click.option(
    "--behave",
    default="pass:90,giveup:5,tailgate:3,force:2",
    show_default=True,
    metavar="WHAT:SHARE,…",
    help="What they do: pass, giveup, tailgate, wrongway, force.",
)
@click.option("--direction", type=click.Choice(("entry", "exit", "both")), default="entry")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="WHAT[=VALUE]",
    help="mute, frozen, duplicate, bouncing, late-ack=S, refuse=WORD, battery=PERCENT, clock=MS.",
)
@click.option("--policy", type=click.Choice(("deny", "admit")), default="deny", show_default=True)
@click.option("--protocol", type=click.Choice(("5", "3.1.1")), default="5", show_default=True)
@click.option("--for", "seconds", type=click.FloatRange(min=0.1), metavar="S", help="End after S.")
@click.option("--seed", type=int, help="The same people in the same order.")
@click.option("--quiet", is_flag=True, help="Tell the sum only.")
def gate(**options: Any) -> None:
    """Be one of our own gates: people arrive, present codes and pass, or do not."""
    import uvloop

    uvloop.run(_gates(**options))


async def _gates(**options: Any) -> None:
    import asyncio
    import time
    from contextlib import AsyncExitStack
    from random import Random

    from drivers.mqtt.connection import Target
    from drivers.mqtt.crowd import send_crowd
    from drivers.mqtt.simulator import DIRECTIONS, Habits, SimulatedGate, Visit
    from drivers.signals import Direction

    url, site, known = _whereabouts(options["site"], options["url"])
    names = _names(options["equipment"], options["number"], known)
    behaves = _behaviours(options["behave"])
    dice = Random(options["seed"])  # noqa: S311  # people come at random, not in secret
    ways: dict[str, tuple[Direction, ...]] = {"entry": ("entry",), "exit": ("exit",)}
    habits = Habits(local_policy=options["policy"], protocol=options["protocol"])
    sums: Counter[str] = Counter()
    waits: list[float] = []

    def told(gate: SimulatedGate, direction: str, does: "Behaviour", visit: Visit) -> None:
        sums[visit.outcome] += 1
        if visit.outcome in {"passed", "gave_up"}:
            waits.append(visit.waited_ms)
        if not options["quiet"]:
            words = (gate.id, direction, visit.code, does.value, visit.outcome, visit.reason)
            click.echo(f"{'  '.join(filter(None, words))}  {visit.waited_ms:.1f} ms")

    gates = [
        SimulatedGate(
            url,
            site,
            name,
            wall=lambda: time.time_ns() // 1_000_000,
            dice=dice,
            habits=habits,
            target=Target(url, tls_ca=options["tls_ca"], keepalive_s=habits.keepalive_s),
        )
        for name in names
    ]
    for one in gates:
        _break(one, options["faults"])
    try:
        async with AsyncExitStack() as stack:
            for one in gates:
                await stack.enter_async_context(one.running())
            click.echo(f"{', '.join(names)} at {Target(url).name}", err=True)
            async with asyncio.timeout(options["seconds"]):
                await send_crowd(
                    gates,
                    codes_of(options["codes"], dice),
                    rate=options["rate"],
                    behaves=behaves,
                    directions=ways.get(options["direction"], DIRECTIONS),
                    dice=dice,
                    told=told,
                )
    except TimeoutError:
        pass  # its time is up
    finally:
        click.echo(_summary(sums, sorted(waits)))


@click.command("relay")
@_site
@_mqtt
@click.option("--dialect", type=click.Choice(("shelly", "tasmota", "esphome")), required=True)
@click.option("--prefix", required=True, help="The board's topic prefix, as in the site file.")
@click.option(
    "--passage",
    metavar="INPUT",
    type=int,
    help="Somebody passes after each pulse: this input closes for 300 ms.",
)
@click.option("--for", "seconds", type=click.FloatRange(min=0.1), metavar="S", help="End after S.")
def relay(**options: Any) -> None:
    """Be a board with relays and inputs, in its maker's dialect."""
    import uvloop

    uvloop.run(_relay(**options))


async def _relay(**options: Any) -> None:
    import asyncio
    import time
    from contextlib import suppress

    from drivers.mqtt.relays import BOARDS

    kinds = {str(name): kind for name, kind in BOARDS.items()}
    url = options["url"] or _whereabouts(options["site"], None)[0]
    board = kinds[options["dialect"]](
        url, options["prefix"], wall=lambda: time.time_ns() // 1_000_000
    )
    passage: int | None = options["passage"]
    if passage is not None:
        board.inputs[passage] = False
    told = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(options["seconds"]), board.running():
            while True:
                await asyncio.sleep(0.05)
                for output, on, _ in board.switched[told:]:
                    told += 1
                    click.echo(f"output {output} {'on' if on else 'off'}")
                    if on and passage is not None:
                        await asyncio.sleep(0.5)
                        board.set_input(passage, value=True)
                        await asyncio.sleep(0.3)
                        board.set_input(passage, value=False)


COMMANDS: Final = (gate, relay)


def _whereabouts(site: str, url: str | None) -> tuple[str, str, list[str]]:
    """Find the broker, the site's id and the gates it has on MQTT."""
    path = Path(site)
    if url is not None and not path.exists():
        if site == str(DEFAULT):
            raise click.UsageError("which site? --site FILE, or with --mqtt its id")
        return url, site, []
    from gateway.venue import run_file

    read = load_site(path)
    boards = {
        one.id
        for one in read.controllers
        if one.driver == "mqtt" and one.settings.get("dialect", "composteur") == "composteur"
    }
    gates = [one.id for one in read.equipment if one.controller in boards]
    if url is None:
        running = run_file.find(read.stores.state_dir)
        url = running.mqtt if running is not None else None
        if url is None and str(read.stores.mqtt).startswith("mqtt"):
            url = read.stores.mqtt
    if url is None:
        raise click.ClickException("no broker: start the gateway of this site, or name --mqtt URL")
    return url, read.id, gates


def _names(equipment: str | None, number: int | None, known: Sequence[str]) -> list[str]:
    if equipment is None:
        if not known:
            raise click.UsageError("no MQTT gate in the site file; name one with --equipment ID")
        return list(known[:number])
    if number is None:
        return [equipment]
    return [f"{equipment}-{n}" for n in range(1, number + 1)]


def _behaviours(text: str) -> "dict[Behaviour, float]":
    from drivers.mqtt.simulator import Behaviour

    behaves: dict[Behaviour, float] = {}
    for part in text.split(","):
        name, _, share = part.partition(":")
        try:
            behaves[Behaviour(name.strip())] = float(share or 1)
        except ValueError as error:
            allowed = ", ".join(Behaviour)
            raise click.BadParameter(
                f"{part!r}; allowed: {allowed}, each with its share, as in pass:90",
                param_hint="--behave",
            ) from error
    return behaves


def _break(gate: "SimulatedGate", faults: Sequence[str]) -> None:
    """Do to a gate what `--fault` says."""
    named: dict[str, tuple[str, type]] = {
        "mute": ("mute", bool),
        "frozen": ("frozen", bool),
        "duplicate": ("duplicate", bool),
        "bouncing": ("bouncing", bool),
        "late-ack": ("late_ack_s", float),
        "refuse": ("refuse", str),
        "battery": ("battery", int),
        "clock": ("clock_ms", int),
    }
    for fault in faults:
        name, _, value = fault.partition("=")
        try:
            attribute, kind = named[name]
            setattr(gate.faults, attribute, True if kind is bool else kind(value))
        except (KeyError, ValueError) as error:
            raise click.BadParameter(
                f"{fault!r}; allowed: {', '.join(named)}", param_hint="--fault"
            ) from error


def _summary(sums: "Counter[str]", waits: list[float]) -> str:
    """Tell the sum in one line."""
    told = ", ".join(f"{number} {outcome}" for outcome, number in sums.most_common()) or "nobody"
    if waits:
        middle, late = waits[len(waits) // 2], waits[min(len(waits) - 1, len(waits) * 99 // 100)]
        told += f"; from the code to the release p50 {middle:.1f} ms, p99 {late:.1f} ms"
    return told
