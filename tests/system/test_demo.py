import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from gateway.demo.museum import GATES
from gateway.embedded import home, mosquitto
from tests.system.gateways import COMMAND, descendants


def need_mosquitto() -> None:
    """Skip on a laptop without the broker; it must be there where CI=true."""
    if mosquitto.found() is None:
        word = "mosquitto is not installed: apt-get install mosquitto"
        pytest.fail(word) if os.environ.get("CI") == "true" else pytest.skip(word)


@pytest.fixture
def folder(tmp_path: Path):  # type: ignore[no-untyped-def]  # a generator of its folder
    """Give the demonstration a folder, and take away what it keeps elsewhere."""
    yield tmp_path
    home.forget(tmp_path / "state" / "demo")


WITHOUT_MOSQUITTO = (
    sys.executable,
    "-c",
    "import gateway.cli as c, gateway.embedded.mosquitto as m; m.found = lambda: None; c.main()",
)
"""The command line on a machine that has no broker."""


def demo(
    folder: Path, *options: str, command: Sequence[str] = COMMAND
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, "demo", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def proves_itself(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verify: store = events = attendance ✓" in done.stdout
    assert "persons: who passed = the books ✓" in done.stdout
    assert "unexpected" not in done.stdout
    assert f"{len(GATES)} of {len(GATES)} up" in done.stdout
    for word in "granted", "no_stamps_left", "persons in museum", "gates: tailgated":
        assert word in done.stdout
    passed = re.search(r"gates: passed +│ +(\d+)", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 0


@pytest.mark.timeout(150)  # three runs, on a machine that may be busy
def test_the_demonstration_proves_its_books_each_time_and_leaves_no_process(folder: Path) -> None:
    """Over MQTT; again in its folder, the keys lost; and again where there is no broker."""
    need_mosquitto()
    stores_of_other_tests = set(descendants(os.getpid()))

    first = demo(folder, "--for", "3", "--rate", "20")
    (folder / "state" / "demo" / "keys.json").unlink()
    again = demo(folder, "--for", "1")
    without = demo(folder, "--for", "3", "--rate", "20", command=WITHOUT_MOSQUITTO)

    assert not set(descendants(os.getpid())) - stores_of_other_tests
    proves_itself(first)
    assert "6 gates over MQTT, 1 on serial lines and Modbus, 1 door with" in first.stdout
    assert again.returncode == 0, again.stdout + again.stderr
    proves_itself(without)
    assert "apt-get install mosquitto" in without.stdout
    assert "6 gates over HTTP and WebSocket, 1 on serial lines and Modbus" in without.stdout
    assert "reader_out_of_service" not in without.stdout


def test_the_demonstration_ends_in_order_when_nobody_reads_it(folder: Path) -> None:
    before = set(descendants(os.getpid()))
    running = subprocess.Popen(
        [*COMMAND, "demo", "--for", "30"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert "museum opens" in running.stdout.readline()
    running.stdout.close()
    _, said = running.communicate(timeout=40)

    assert (running.returncode, said) == (1, "")
    assert not set(descendants(os.getpid())) - before


def ask(url: str, key: str, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url + path, data, headers)) as answer:
        return json.load(answer)


@pytest.mark.timeout(150)  # on a machine that may be busy
@pytest.mark.parametrize("command", [COMMAND, WITHOUT_MOSQUITTO])
def test_whoever_looks_may_type_what_is_printed_and_be_its_operator_and_surprises_nobody(
    folder: Path, command: Sequence[str]
) -> None:
    running = subprocess.Popen(
        [*command, "demo", "--rate", "20"], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    timer = Timer(130, running.kill)
    timer.start()
    url = key = ""
    printed: list[str] = []
    try:
        for line in running.stdout:
            word, _, rest = line.partition(" ")
            if word == "dashboard":
                url = rest.split()[0]
            elif word == "key":
                key = rest.split()[0]
            elif word == "curl":
                printed.append(line)
            elif "scans (" in line:
                break
        answers = [
            subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout
            for line in printed
        ]
        gates = {each["id"]: each for each in ask(url, key, "/v1/equipment")["items"]}
        assert gates["collection-gate-1"]["link"] == "up"
        seen: set[str] = set()
        scanned: object = None
        while scanned is None or not {"idle", "released"} <= seen:
            time.sleep(0.05)  # a key may ask only so often
            there = {each["id"]: each for each in ask(url, key, "/v1/equipment")["items"]}
            seen.add(there["collection-gate-4"]["state"])  # the one on wires
            scanned = there["collection-gate-4-in"]["last_scan"]
        ask(url, key, "/v1/equipment/collection-gate-1/command", {"command": "lock"})
        ask(url, key, "/v1/spaces/collection/mode", {"mode": "evacuate"})
        time.sleep(2)
        ask(url, key, "/v1/spaces/collection/mode", {"mode": "normal"})
        ask(url, key, "/v1/evacuation/ack", {})
        ask(url, key, "/v1/equipment/collection-gate-1/command", {"command": "normal"})
        time.sleep(2)
        running.send_signal(signal.SIGINT)
        rest = running.stdout.read()
        status = running.wait(30)
    finally:
        timer.cancel()
        running.kill()
        running.stdout.close()

    assert status == 0, rest
    valid, used, destroyed = answers
    assert '"decision":"granted"' in valid
    assert '"reason":"no_stamps_left"' in used
    assert re.search(r'"first_at":"\d{4}-', used)
    assert '"last_reader":"desk"' in used
    assert '"reason":"destroyed"' in destroyed
    assert re.search(r'"destroyed_at":"\d{4}-', destroyed)
    assert "refused: evacuation" in rest
    assert "not compared" in rest
    assert "unexpected:" not in rest
    assert "verify: store = events = attendance ✓" in rest
