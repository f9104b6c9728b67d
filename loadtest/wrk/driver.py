"""Run wrk, or our own closed loop where there is none, and read what it found."""

import asyncio
import os
import resource
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

SCRIPT = Path(__file__).with_name("scans.lua")
WRONG_SHARE = 0.001
"""A run with more wrong answers than this is void."""


class NoResult(RuntimeError):
    """The generator ended without a result."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to send, and where."""

    url: str
    key: str
    reader: str
    tag: str
    first: int
    seconds: float
    connections: int = 32
    threads: int = 1
    codes: Path | None = None
    """A file of codes of one length, a line each, from line `first` on; else those of the tag."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """What a closed loop found; its latencies are those of a crowd that waits politely."""

    generator: str
    answered: int
    issued: int
    """Tickets used up: the next run starts after them."""
    wrong: int
    lasted_s: float
    p50_ms: float
    p99_ms: float
    most_ms: float
    example: str
    cpu_s: float = 0.0
    """What the generator itself used."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.lasted_s

    @property
    def void(self) -> str:
        """Say why the run must not be used."""
        if not self.answered:
            return "no answers"
        if self.wrong > WRONG_SHARE * self.answered:
            return f"{self.wrong} wrong answers of {self.answered}, such as {self.example}"
        return ""


def parse_wrk(output: str) -> Throughput:
    """Read the line of JSON at the end of wrk's output."""
    lines = [line for line in output.splitlines() if line.startswith('{"answered"')]
    if not lines:
        raise NoResult(output[-2_000:])
    found = orjson.loads(lines[-1])
    return Throughput(
        generator="wrk",
        answered=found["answered"],
        issued=found["issued"],
        wrong=found["wrong"] + found["lost"],
        lasted_s=found["duration_us"] / 1e6,
        p50_ms=found["p50_us"] / 1e3,
        p99_ms=found["p99_us"] / 1e3,
        most_ms=found["max_us"] / 1e3,
        example=found["example"],
    )


def parse_storm(output: str) -> Throughput:
    """Read what `python -m loadtest.storm --json` printed."""
    try:
        found = orjson.loads(output.splitlines()[-1])
    except (IndexError, orjson.JSONDecodeError) as error:
        raise NoResult(output[-2_000:]) from error
    return Throughput(
        generator="own closed loop (wrk is missing)",
        answered=found["answered"],
        issued=found["sent"],
        wrong=found["wrong"],
        lasted_s=found["lasted_s"],
        p50_ms=found["service"]["p50"],
        p99_ms=found["service"]["p99"],
        most_ms=found["service"]["most"],
        example=" ".join(found["examples"][:1]),
    )


async def closed_loop(load: Load) -> Throughput:
    """Send as fast as answers come back. The child runs on the cores of this process."""
    program = shutil.which("wrk")
    if program is None and load.codes is not None:
        raise NoResult("wrk is needed to present a file of codes")
    if program:
        arguments = [
            program,
            f"-t{load.threads}",
            f"-c{load.connections}",
            f"-d{load.seconds:.0f}s",
            "--timeout=10s",
            f"-s{SCRIPT}",
            f"{load.url}/v1/scans",
            "--",
            load.key,
            load.reader,
            load.tag,
            str(load.first),
            '"granted"',
            str(load.threads),
            *([str(load.codes)] if load.codes else []),
        ]
    else:
        arguments = [
            sys.executable,
            *("-m", "loadtest.storm", "--json", "--rate=0", "--expect=granted"),
            f"--url={load.url}",
            f"--reader={load.reader}",
            f"--tag={load.tag}",
            f"--first={load.first}",
            f"--for={load.seconds}",
            f"--connections={load.connections}",
        ]
    before = _children_cpu_s()
    child = await asyncio.create_subprocess_exec(
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "COMPOSTEUR_KEY": load.key},
        start_new_session=True,
    )
    try:
        output, _ = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    found = (parse_wrk if program else parse_storm)(output.decode("utf-8", "replace"))
    return replace(found, cpu_s=_children_cpu_s() - before)


def _children_cpu_s() -> float:
    """Return the CPU time of the children waited for so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
