import os
import signal
import time
from collections.abc import Callable

import pytest
import redis

from tests.system.gateways import Gateway, Load, descendants, until


def degraded(gateway: Gateway) -> list[str]:
    words: list[str] = gateway.ready()[1]["degraded"]
    return words


def hold_database(gateway: Gateway) -> list[int]:
    """Stop every process of the database where it stands."""
    postmaster = gateway.child("postgres")
    held = [postmaster, *descendants(postmaster)]
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    return held


def verdict(gateway: Gateway) -> str:
    return gateway.run("verify")


def test_no_acknowledged_stamp_is_lost_when_the_gateway_is_killed_under_load(
    gateway: Gateway,
) -> None:
    codes = gateway.sell(4000)
    with Load(gateway, codes) as load:
        until(lambda: len(load.granted) > 200, what="the load")
        gateway.kill()

    gateway.start()

    acknowledged = list(load.granted)
    assert len(acknowledged) > 200
    for code in acknowledged:
        assert gateway.decide(code, mode="check") == "no_stamps_left"
    assert "store = events = attendance ✓" in verdict(gateway)


def test_a_stamp_without_an_answer_is_granted_by_its_nonce(gateway: Gateway) -> None:
    codes = gateway.sell(2000)
    with Load(gateway, codes) as load:
        until(lambda: len(load.granted) > 100, what="the load")
        gateway.kill()
    gateway.start()

    for code in codes[: len(load.granted) + load.failed]:
        assert gateway.decide(code, nonce=code) == "granted"
    assert "✓" in verdict(gateway)


def test_a_killed_valkey_comes_back_with_every_acknowledged_stamp(gateway: Gateway) -> None:
    codes = gateway.sell(4000)
    with Load(gateway, codes) as load:
        until(lambda: len(load.granted) > 100, what="the load")
        os.kill(gateway.child("valkey-server"), signal.SIGKILL)
        until(lambda: gateway.ready()[0] == 200, what="the store")
        before = len(load.granted)
        until(lambda: len(load.granted) > before + 50, what="the load again")

    for code in load.granted:
        assert gateway.decide(code, mode="check") == "no_stamps_left"
    assert "✓" in verdict(gateway)


def test_the_gate_decides_while_postgresql_is_killed(gateway: Gateway) -> None:
    codes = gateway.sell(50)
    postgres = hold_database(gateway)
    until(lambda: "database_unavailable" in degraded(gateway), what="notice")

    assert gateway.ready()[0] == 200
    assert {gateway.decide(code) for code in codes[:25]} == {"granted"}

    for pid in postgres:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not degraded(gateway), within_s=20, what="the database")
    assert {gateway.decide(code) for code in codes[25:]} == {"granted"}
    assert "✓" in verdict(gateway)


def test_a_wiped_store_is_filled_again_and_used_stays_used(gateway: Gateway) -> None:
    used, fresh = gateway.sell(2)
    assert gateway.decide(used) == "granted"
    assert "✓" in verdict(gateway)

    redis.Redis.from_url(gateway.run_file["redis"]).flushall()

    seen = set()
    ends_at = time.monotonic() + 20
    while time.monotonic() < ends_at:
        status, answer = gateway.scan(used, mode="check")
        word = answer["reason"] if status == 200 else answer["code"]
        seen.add(word)
        if word == "no_stamps_left":
            break
        time.sleep(0.01)
    assert seen <= {"store_unavailable", "no_stamps_left"}
    assert "no_stamps_left" in seen
    assert gateway.decide(fresh) == "granted"
    assert "✓" in verdict(gateway)


def test_a_stopped_store_gives_503_and_no_stamp_given_up_on_stands(gateway: Gateway) -> None:
    codes = gateway.sell(20)
    valkey = gateway.child("valkey-server")
    os.kill(valkey, signal.SIGSTOP)
    try:
        status, problem = gateway.scan(codes[0])
        assert (status, problem["code"]) == (503, "store_unavailable")
        status, answer = gateway.scan(codes[1], direction="exit")
        assert (status, answer["decision"], answer["degraded"]) == (200, "granted", True)
        time.sleep(1)
    finally:
        os.kill(valkey, signal.SIGCONT)
    until(lambda: gateway.ready()[0] == 200, what="the store")
    time.sleep(2)

    assert gateway.decide(codes[0]) == "granted"
    assert {gateway.decide(code) for code in codes[2:]} == {"granted"}
    assert "✓" in verdict(gateway)


@pytest.mark.soak
@pytest.mark.timeout(180)
def test_a_minute_without_the_database_costs_nothing(gateway: Gateway) -> None:
    codes = gateway.sell(600)
    postgres = hold_database(gateway)
    began = time.monotonic()
    for code in codes:
        assert gateway.decide(code) == "granted"
        time.sleep(0.1)
    assert time.monotonic() - began >= 60

    for pid in postgres:
        os.kill(pid, signal.SIGCONT)

    until(lambda: not degraded(gateway), within_s=20, what="the database")
    assert "✓" in verdict(gateway)


def test_a_gateway_starts_without_its_database_where_the_store_can_decide(
    make_gateway: Callable[..., Gateway],
) -> None:
    store = make_gateway("stores").start().with_key()
    (code,) = store.sell(1)
    assert "✓" in verdict(store)
    site = store.site_file.read_text().replace(
        "[stores]",
        f'[stores]\nredis = "{store.run_file["redis"]}"\n'
        'postgres = "postgresql://nobody@127.0.0.1:1/none"',
    )

    other = make_gateway("other", site).start()

    other.key = store.key
    assert other.ready() == (
        200,
        {"ready": True, "degraded": ["database_unavailable"], "durability": "always"},
    )
    assert other.decide(code) == "granted"
    assert other.stop() == 0
