"""What operators do to a gateway of two processes, and what they see of it."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.gateways import SITE, Gateway, until


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    gateway = Gateway(tmp_path)
    yield gateway
    gateway.end()


def seen(gateway: Gateway, path: str, times: int = 12) -> list[Any]:
    """Ask so often that both processes have answered: each request is a connection of its own."""
    return [gateway.ask("GET", path)[1] for _ in range(times)]


def test_both_processes_follow_commands_and_the_site_file(gateway: Gateway) -> None:
    gateway.start("--workers", "2")
    gateway.key = gateway.run("key", "create", "--role", "admin", "--name", "test").strip()
    assert gateway.ask("POST", "/v1/equipment/door/command", {"command": "lock"})[0] == 200
    until(
        lambda: all(
            each["items"][0]["modes"]["entry"] == "locked"
            for each in seen(gateway, "/v1/equipment")
        ),
        what="the mode in both processes",
    )
    codes = gateway.sell(12)
    assert {gateway.decide(code) for code in codes[:8]} == {"reader_out_of_service"}
    assert gateway.ask("POST", "/v1/equipment/door/command", {"command": "normal"})[0] == 200

    def names() -> set[str]:
        return {each["items"][0]["name"] for each in seen(gateway, "/v1/spaces")}

    gateway.site_file.write_text(SITE.replace('"Hall"', '"Great hall"'))
    gateway.process.send_signal(signal.SIGHUP)  # type: ignore[union-attr]
    until(lambda: names() == {"Great hall"}, what="the new name")
    gateway.site_file.write_text(SITE.replace('space = "hall"', 'space = "cellar"'))
    until(
        lambda: all("site_file_refused" in each["degraded"] for each in seen(gateway, "/readyz")),
        what="the refusal",
    )
    assert names() == {"Great hall"}
    assert {gateway.decide(code) for code in codes[8:]} == {"granted"}
    told = [line for line in gateway.said if "site_file_refused" in line]
    assert len(told) == 1, "one line tells all of it"
    assert "cellar" in told[0]

    def audit() -> list[str]:
        return [act["what"] for act in gateway.ask("GET", "/v1/audit")[1]["items"]]

    assert audit() == ["command", "command", "key_create"]
    gateway.site_file.write_text(SITE)
    until(lambda: names() == {"Hall"}, what="the file put right")
    gateway.run("ticket", "destroy", codes[0])
    gateway.stop()
    gateway.start("--workers", "2")
    until(lambda: audit() == ["destroy", "command", "command", "key_create"], what="the audit")
