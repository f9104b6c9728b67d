"""Print the figures: a table for the terminal, one for the README, and JSON for everything else."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from loadtest.figures import Figure, Verdict, shown

COLOURS = {
    Verdict.MET: "green",
    Verdict.MISSED: "bold red",
    Verdict.VOID: "bold yellow",
    Verdict.NOTED: "dim",
}


def print_facts(console: Console, facts: Mapping[str, str]) -> None:
    """Print on what machine this is."""
    console.print(" · ".join(f"{name} {value}" for name, value in facts.items()), style="dim")


def print_table(console: Console, figures: Sequence[Figure]) -> None:
    """Print every figure with its target and what it is worth."""
    table = Table(title="Composteur, measured", title_justify="left", pad_edge=False)
    for column, align in (
        ("what", "left"),
        ("durability", "left"),
        ("must reach", "right"),
        ("measured", "right"),
        ("", "left"),
        ("note", "left"),
    ):
        table.add_column(column, justify="right" if align == "right" else "left")
    last = ""
    for figure in figures:
        if figure.scenario != last:
            table.add_section()
            last = figure.scenario
        value = shown(figure.value, figure.unit)
        verdict = figure.verdict
        table.add_row(
            figure.what,
            figure.durability,
            _target(figure),
            f"[bold]{value}[/bold]" if figure.is_ratio else value,
            f"[{COLOURS[verdict]}]{'' if verdict is Verdict.NOTED else verdict.value}",
            figure.void or figure.note,
        )
    console.print(table)


def markdown(figures: Sequence[Figure], facts: Mapping[str, str]) -> str:
    """Return the table of the README."""
    lines = [
        " · ".join(f"{name} {value}" for name, value in facts.items()),
        "",
        "| what | durability | must reach | measured | |",
        "|---|---|---|---|---|",
    ]
    for figure in figures:
        value = shown(figure.value, figure.unit)
        verdict = "" if figure.verdict is Verdict.NOTED else figure.verdict.value
        lines.append(
            f"| {figure.what} | {figure.durability} | {_target(figure)} "
            f"| {f'**{value}**' if figure.is_ratio else value} | {verdict} |"
        )
    return "\n".join(lines)


def write_json(path: Path, figures: Sequence[Figure], facts: Mapping[str, str]) -> None:
    """Write all there is to know of the run."""
    content = {"machine": dict(facts), "figures": [figure.as_json() for figure in figures]}
    path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")


def _target(figure: Figure) -> str:
    if figure.target is None:
        return ""
    return f"{figure.target.sign} {shown(figure.target.bound, figure.unit)}"
