"""Reports as the office takes them from the command line, on a gateway that goes on."""

import csv
import json
import os
import subprocess
from contextlib import suppress

import openpyxl

from tests.system.gateways import COMMAND, Gateway, until

COME = 4


def on_a_terminal(gateway: Gateway, *arguments: str) -> str:
    """Run a command whose errors go to a terminal; return what that shows."""
    ours, theirs = os.openpty()
    subprocess.run(
        [*COMMAND, *arguments, "--site", gateway.site_file], stderr=theirs, timeout=50, check=True
    )
    os.close(theirs)
    with open(ours, "rb", closefd=True) as shown, suppress(OSError):  # noqa: PTH123 - a descriptor
        return shown.read1(65536).decode()
    return ""


def test_the_office_takes_the_days_figures_from_the_command_line(gateway: Gateway) -> None:
    codes = gateway.sell(COME + 1)
    for code in codes[:COME]:
        assert gateway.decide(code) == "granted"
    gateway.decide(codes[0])
    sheet, text = gateway.folder / "stamps.xlsx", gateway.folder / "refusals.csv"

    until(
        lambda: (
            json.loads(gateway.run("report", "stamps", "--format", "json"))["totals"]
            == {"stamps": COME, "entries": COME}
        ),
        what="the events' arrival",
    )
    table = gateway.run("report", "attendance", "--language", "fr")
    gateway.run("report", "stamps", "-o", str(sheet))
    gateway.run("report", "refusals", "--reader", "door", "-o", str(text))
    listed = gateway.run("report")
    watched = on_a_terminal(
        gateway, "report", "ticket-stamps", "-o", str(text.with_stem("tickets"))
    )

    book = openpyxl.load_workbook(sheet)
    assert [*book[book.sheetnames[0]].values][-1] == ("Total", None, COME, COME)
    with text.open(newline="") as file:
        (refused,) = csv.DictReader(file)
    assert (refused["reason"], refused["refusals"]) == ("no_stamps_left", "1")
    assert "Fréquentation" in table
    assert [cell.strip() for cell in table.splitlines()[-2].split("│")[3:5]] == ["4", "0"]
    assert "external-tickets" in listed
    assert f"{COME + 1}/{COME + 1}" in watched  # the bar, which says how many rows there are
    assert [path.name for path in gateway.folder.glob("*.part")] == []
    for wrong, named in (
        (("shoes",), "no such report"),
        (("stamps", "--from", "yesterday"), "--from"),
        (("stamps", "--format", "xlsx"), "--output"),
    ):
        assert named in gateway.run("report", *wrong, fails=True)
