"""What the terminal shows: steps while starting, things to try, live counts, a table at the end."""

import io
import json
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import override

import segno
from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gateway.demo.books import Room, Standing
from gateway.demo.counts import Counts, Fate
from gateway.demo.gates import Gate
from gateway.demo.museum import GATES, Space

REFRESH_S = 0.5
REFRESH_PLAIN_S = 1.0
GAP = "    "


@dataclass(frozen=True, slots=True)
class ToTry:
    """A ticket for the person at the terminal."""

    title: str
    code: str
    expect: str


class Steps:
    """Tells what is being done, and how long it took."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._since = time.monotonic()

    def done(self, text: str) -> None:
        """Tell that a step is done."""
        now = time.monotonic()
        self._console.print(f"  {now - self._since:5.1f} s  {text}", highlight=False)
        self._since = now

    def say(self, text: str) -> None:
        """Pass on a word."""
        if text:
            self._console.print(f"           {text}", highlight=False, markup=False, soft_wrap=True)


def curl(url: str, key: str, code: str) -> str:
    """Return a line that scans a ticket, safe to copy into any POSIX shell."""
    body = json.dumps({"code": code})
    words = ["curl", "-sS", f"{url}/v1/scans", "-H", f"Authorization: Bearer {key}", "-d", body]
    return shlex.join(words)


def print_things_to_try(console: Console, url: str, key: str, tickets: Sequence[ToTry]) -> None:
    """Print the address, a key, three lines to try and three QR codes.

    The lines go out unwrapped: they must survive copying whatever the terminal's width.
    """
    out = console.file
    out.write(f"\ndashboard  {url}      documentation  {url}/docs\n")
    out.write(f"key        {key}   (logs in there, as operator; scans as reader desk)\n")
    for ticket in tickets:
        out.write(f"\n# {ticket.title}: {ticket.expect}\n{curl(url, key, ticket.code)}\n")
    out.write(f"\n{qr_codes(tickets, console.width)}\n")
    out.flush()


def qr_codes(tickets: Sequence[ToTry], width: int) -> str:
    """Draw QR codes side by side, or one below the other in a narrow terminal."""
    blocks = []
    for ticket in tickets:
        symbol = segno.make_qr(ticket.code, error="m", boost_error=False)
        drawn = io.StringIO()
        symbol.terminal(drawn, border=2, compact=True)
        lines = drawn.getvalue().splitlines()
        blocks.append((symbol.symbol_size(border=2)[0], [ticket.title, *lines]))
    if sum(int(columns) + len(GAP) for columns, _ in blocks) > width:
        return "\n\n".join("\n".join(lines) for _, lines in blocks)
    rows = []
    for position in range(max(len(lines) for _, lines in blocks)):
        row = ""
        for columns, lines in blocks:
            line = lines[position] if position < len(lines) else ""
            row += line + " " * (int(columns) - len(line) if position == 0 else 0) + GAP
        rows.append(row.rstrip(" "))
    return "\n".join(rows)


class Board:
    """The live counts: drawn in place on a terminal, a line a second elsewhere."""

    def __init__(
        self, console: Console, counts: Counts, gates: Mapping[str, Gate], rate: float
    ) -> None:
        self._console = console
        self._counts = counts
        self._gates = gates
        self._rate = rate
        self._since = time.monotonic()
        self._before = (self._since, 0)
        self.pause_s = REFRESH_S if console.is_terminal else REFRESH_PLAIN_S
        self._live = Live(console=console, auto_refresh=False, transient=True)
        if console.is_terminal:
            self._live.start()

    def show(self, standing: Standing) -> None:
        """Show where things stand."""
        now, scans = time.monotonic(), self._counts.scans
        then, earlier = self._before
        self._before = (now, scans)
        speed = (scans - earlier) / max(now - then, 0.001)
        if self._live.is_started:
            self._live.update(self._panel(now, speed, standing), refresh=True)
        else:
            self._console.print(self._line(now, speed, standing), highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the live view off the screen."""
        self._live.stop()

    def _line(self, now: float, speed: float, standing: Standing) -> str:
        counts = self._counts
        inside = ", ".join(f"{space['id']} {space['inside']}" for space in standing.spaces)
        there = sum(gate.up.is_set() for gate in self._gates.values())
        return (
            f"{now - self._since:4.0f} s  {counts.scans} scans ({speed:.0f}/s), "
            f"{counts.granted} granted, {counts.refused.total()} refused, "
            f"p99 {counts.percentile(0.99):.1f} ms; inside: {inside}; "
            f"gates: {there} of {len(self._gates)} up, {counts.gates[Fate.PASSED]} passed"
        )

    def _panel(self, now: float, speed: float, standing: Standing) -> Panel:
        counts = self._counts
        refused = Table.grid(padding=(0, 2))
        for reason, number in counts.refused.most_common():
            refused.add_row(Text(str(number), justify="right"), reason, style="red")
        inside = Table.grid(padding=(0, 2))
        for space in standing.spaces:
            inside.add_row(Text(str(space["inside"]), justify="right"), space["name"])
        columns = Table.grid(padding=(0, 6))
        columns.add_row("[bold]granted[/]", "[bold]refused[/]", "[bold]inside now[/]")
        columns.add_row(Text(str(counts.granted), style="bold green"), refused, inside)
        fates = ", ".join(f"{counts.gates[fate]} {fate}" for fate in Fate)
        status = Text(
            f"{counts.scans} scans, {speed:.0f}/s    answered in {counts.percentile(0.5):.1f} ms "
            f"(99 %: {counts.percentile(0.99):.1f} ms)    {counts.unanswered} unanswered, "
            f"{counts.surprises.total()} unexpected\nat the gates: {fates}"
        )
        title = f"{self._rate:g} visitors a second, {now - self._since:.0f} s; Ctrl-C ends"
        content = Group(columns, Text(), self._gate_table(standing), Text(), status)
        return Panel(content, title=title, box=box.ROUNDED, expand=False)

    def _gate_table(self, standing: Standing) -> Table:
        """Draw the gates: link, state, and who has passed."""
        table = Table.grid(padding=(0, 3))
        table.add_row(*(f"[bold]{word}[/]" for word in ("gate", "link", "state", "in", "out")))
        for each in GATES:
            gate, shown = self._gates[each.id], standing.equipment.get(each.id, {})
            link = shown.get("link", "unknown")
            if link == "unknown":
                link = "up" if gate.up.is_set() else "down"
            state = shown.get("state", "unknown")
            moving, up = state not in {"idle", "unknown"}, link == "up"
            table.add_row(
                each.name,
                Text("✓ up" if up else "✕ down", style="green" if up else "red"),
                Text(f"{'⇄' if moving else '–'} {state}", style="bold" if moving else "dim"),
                *(Text(str(gate.counters[way]), justify="right") for way in ("entry", "exit")),
            )
        return table


def print_summary(
    console: Console,
    counts: Counts,
    standing: Standing,
    rooms: Mapping[Space, Room],
    verdict: str,
) -> None:
    """Print the closing table."""
    table = Table(title="The visit in figures", box=box.ROUNDED, show_header=False, title_style="")
    table.add_column()
    table.add_column(justify="right")
    table.add_row("scans", str(counts.scans))
    table.add_row("granted", str(counts.granted))
    for reason, number in counts.refused.most_common():
        table.add_row(f"refused: {reason}", str(number))
    if counts.unanswered:
        table.add_row("unanswered", str(counts.unanswered))
    for surprise, number in counts.surprises.items():
        table.add_row(f"unexpected: {surprise}", str(number))
    table.add_section()
    for fate in Fate:
        table.add_row(f"gates: {fate}", str(counts.gates[fate]))
    table.add_section()
    for space in standing.spaces:
        room = rooms.get(space["id"]) or Room(
            sum(each.came for each in rooms.values()), sum(each.left for each in rooms.values())
        )
        table.add_row(
            f"persons in {space['id']}",
            f"{room.came} came, {room.left} left, {space['inside']} inside",
        )
    console.print(table)
    console.print(_agreement(counts, standing, rooms), highlight=False, soft_wrap=True)
    console.print(verdict, highlight=False, markup=False, soft_wrap=True)


def _agreement(counts: Counts, standing: Standing, rooms: Mapping[Space, Room]) -> str:
    """Tell whether the books have those who passed."""
    if standing.disturbed:
        return "persons: not compared, somebody has set modes meanwhile"
    differing = {space: room.differs for space, room in rooms.items() if room.differs}
    if differing:
        told = (f"unexpected: {space}: {why}" for space, why in differing.items())
        return "\n".join(("persons: who passed ≠ the books ✗", *told))
    passed = counts.entered.total() + counts.left.total()
    return f"persons: who passed = the books ✓  ({passed} in and out)"


class _Terminal(Console):
    @override
    def on_broken_pipe(self) -> None:
        """Tell that nobody reads any more: the demonstration then ends in order."""
        raise BrokenPipeError  # rich itself would end the process here and now


def make_console() -> Console:
    """Return the console of standard output."""
    return _Terminal(file=sys.stdout)
