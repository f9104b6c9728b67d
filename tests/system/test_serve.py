import json
import os
import signal
import stat
import subprocess
import time
import tomllib
from collections.abc import Callable

import pytest

from tests.system.gateways import COMMAND, SITE, Gateway, alive, descendants, until


def test_serve_says_ready_and_publishes_its_addresses(gateway: Gateway) -> None:
    path = gateway.state_dir / "run.json"

    assert gateway.ready()[0] == 200
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert gateway.run_file["pid"] == gateway.pid
    assert gateway.run_file["http"] == gateway.url
    assert set(gateway.run_file) == {"pid", "http", "redis", "postgres", "mqtt"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_within_seconds(
    make_gateway: Callable[..., Gateway], number: signal.Signals
) -> None:
    gateway = make_gateway().start("--workers", "2")
    children = descendants(gateway.pid)
    began = time.monotonic()

    status = gateway.stop(number)

    assert status == 0
    assert time.monotonic() - began < 6
    assert not [command for pid, command in children.items() if alive(pid)]
    assert not (gateway.state_dir / "run.json").exists()


def test_a_second_gateway_on_the_same_state_is_refused(gateway: Gateway) -> None:
    said = gateway.run("serve", fails=True)

    assert str(gateway.state_dir) in said
    assert str(gateway.pid) in said


def test_a_taken_port_is_told_with_its_setting(
    gateway: Gateway, make_gateway: Callable[..., Gateway]
) -> None:
    port = gateway.url.rpartition(":")[2]
    other = make_gateway("other", SITE.replace("port = 0", f"port = {port}"))

    for workers in "1", "2":
        said = other.run("serve", "--workers", workers, fails=True)
        assert f"http.port: cannot listen on 127.0.0.1 port {port}" in said


def test_a_bad_site_file_is_told_and_nothing_starts(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway(site='[site]\nid = "Museum"\n')

    said = gateway.run("serve", fails=True)

    assert f"{gateway.site_file}:2: site.id: found 'Museum'" in said
    assert not gateway.state_dir.exists()


def test_without_a_site_file_the_way_to_one_is_told(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway()
    gateway.site_file.unlink()

    assert "composteur init museum" in gateway.run("serve", fails=True)


def test_commands_without_a_running_gateway_start_the_stores_and_stop_them(
    make_gateway: Callable[..., Gateway],
) -> None:
    gateway = make_gateway()

    key = gateway.run("key", "create", "--role", "viewer", "--name", "screen").strip()
    listed = gateway.run("key", "list")
    verdict = gateway.run("verify")

    assert len(key.split()) == 1
    assert "screen" in listed
    assert key not in listed
    assert "store = events = attendance" in verdict


def test_a_ticket_is_stamped_shown_undone_and_destroyed_by_command(gateway: Gateway) -> None:
    (code,) = gateway.sell(1)

    assert "granted" in gateway.run("ticket", "stamp", code)
    assert "no_stamps_left" in gateway.run("ticket", "stamp", code, fails=True)
    assert "stamps     1 of 1" in gateway.run("ticket", "show", code)
    assert "stamps     0 of 1" in gateway.run("ticket", "undo", code)
    assert "destroyed " in gateway.run("ticket", "destroy", code)
    assert gateway.decide(code) == "destroyed"


def test_workers_share_the_port_and_a_killed_one_comes_back(
    make_gateway: Callable[..., Gateway],
) -> None:
    gateway = make_gateway().start("--workers", "2").with_key()
    codes = gateway.sell(40)
    worker = gateway.child("--worker")

    assert {gateway.decide(code) for code in codes[:20]} == {"granted"}
    os.kill(worker, signal.SIGKILL)
    until(lambda: not alive(worker), what="the end of the worker")
    until(lambda: "worker_back" in "".join(gateway.said), what="another worker")
    assert {gateway.decide(code) for code in codes[20:]} == {"granted"}
    assert {gateway.decide(code) for code in codes} == {"no_stamps_left"}


def test_workers_end_with_a_killed_first_process(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway().start("--workers", "3")

    gateway.kill()

    gateway.start()
    assert gateway.ready()[0] == 200


def test_help_of_every_command_is_quick() -> None:
    began = time.monotonic()

    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)

    assert "demo" in done.stdout
    assert time.monotonic() - began < 2


def test_the_run_file_of_a_killed_gateway_is_not_believed(gateway: Gateway) -> None:
    gateway.kill()
    stale = json.loads((gateway.state_dir / "run.json").read_text())

    assert stale["pid"] == gateway.pid
    assert "test-admin" in gateway.run("key", "list")


def test_forget_deletes_the_data_of_a_site_and_not_while_it_runs(gateway: Gateway) -> None:
    record = gateway.state_dir / "embedded.toml"
    data = (gateway.state_dir / tomllib.loads(record.read_text())["data"]).resolve()

    assert str(gateway.pid) in gateway.run("forget", "--yes", fails=True)
    assert (data / "valkey").exists()

    gateway.stop()
    gateway.run("forget", "--yes")
    assert not data.exists()
