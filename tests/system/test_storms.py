"""Processes die, freeze and forget while thousands scan: the ledger is held against the books."""

import asyncio
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from gateway.entitlements.packing import PHASE, stamps_in
from tests.system import crowd
from tests.system.gateways import Gateway, descendants, settings_of
from tests.system.test_kills import degraded, hold_database

GRACE_S = 0.5
MOMENTS = random.Random()


async def in_thread[**P, T](work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Do something slow beside the crowd."""
    return await asyncio.to_thread(work, *args, **options)


async def ready_again(gateway: Gateway, within_s: float = 15) -> None:
    """Wait until a gateway can decide and misses nothing."""
    ends_at = asyncio.get_running_loop().time() + within_s
    while True:
        try:
            status, health = await in_thread(gateway.ready)
        except OSError:
            status, health = 0, None
        if status == 200 and not health["degraded"]:
            return
        assert asyncio.get_running_loop().time() < ends_at, health
        await asyncio.sleep(0.02)


async def some_scans(load: crowd.Crowd, more: int, within_s: float = 15) -> None:
    """Wait until so many more scans were granted."""
    before = load.ledger.words().get("granted", 0)
    await crowd.until(
        lambda: load.ledger.words().get("granted", 0) >= before + more,
        within_s=within_s,
        what=f"{more} scans ({load.ledger.words()})",
    )


async def a_random_moment(longest_s: float = 0.8) -> None:
    await asyncio.sleep(MOMENTS.uniform(0.05, longest_s))


async def restart(gateway: Gateway, *options: str) -> None:
    await in_thread(gateway.kill)
    await in_thread(gateway.start, *options)


def kill_child(gateway: Gateway, word: str) -> None:
    os.kill(gateway.child(word), signal.SIGKILL)


async def kill_one_after_another(gateway: Gateway, kills: int, victims: list[str]) -> crowd.Ledger:
    """Kill victims in turn, each at a random moment, with the crowd going on."""
    codes = await crowd.sell(gateway, 1500 * kills)
    load = crowd.Crowd([gateway], codes, retries=2, rate=300)
    async with load.coming() as ledger:
        for turn in range(kills):
            await some_scans(load, 30)
            await a_random_moment()
            victim = victims[turn % len(victims)]
            if victim == "gateway":
                await restart(gateway)
            else:
                await in_thread(kill_child, gateway, victim)
                await asyncio.sleep(0.1)
            await ready_again(gateway)
        await some_scans(load, 50)
    await crowd.settled(gateway, ledger)
    return ledger


@pytest.mark.parametrize("victim", ["gateway", "valkey-server", "postgres"])
async def test_a_process_killed_under_load_costs_no_acknowledged_stamp(
    gateway: Gateway, victim: str
) -> None:
    ledger = await kill_one_after_another(gateway, 2, [victim])
    assert set(ledger.words()) <= {"granted", "store_unavailable", "no_answer"}


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_thirty_kills_in_turn_cost_no_acknowledged_stamp(gateway: Gateway) -> None:
    ledger = await kill_one_after_another(gateway, 30, ["gateway", "valkey-server", "postgres"])
    print(ledger.words(), f"slowest {ledger.slowest_s():.2f} s")


async def test_a_worker_killed_under_load_costs_no_acknowledged_stamp(
    make_gateway: Callable[..., Gateway],
) -> None:
    gateway = await in_thread(lambda: make_gateway().start("--workers", "2").with_key())
    codes = await crowd.sell(gateway, 4000)
    load = crowd.Crowd([gateway], codes, retries=2, rate=300)
    async with load.coming() as ledger:
        await some_scans(load, 100)
        await in_thread(kill_child, gateway, "--worker")
        await some_scans(load, 100)
        await a_random_moment()
        await restart(gateway, "--workers", "2")
        await ready_again(gateway)
        await some_scans(load, 100)
    await crowd.settled(gateway, ledger)


async def frozen_store(gateway: Gateway, frozen_s: float, retries: int) -> crowd.Ledger:
    """Stop Valkey where it stands, and let it go on."""
    codes = await crowd.sell(gateway, 6000)
    valkey = gateway.child("valkey-server")
    load = crowd.Crowd([gateway], codes, visitors=64, retries=retries, rate=300)
    async with load.coming() as ledger:
        await some_scans(load, 100)
        os.kill(valkey, signal.SIGSTOP)
        try:
            await asyncio.sleep(frozen_s)
        finally:
            os.kill(valkey, signal.SIGCONT)
        await some_scans(load, 50)
    await asyncio.sleep(2)
    with redis.Redis.from_url(gateway.run_file["redis"]) as store:
        pipe = store.pipeline(transaction=False)
        given_up = sorted(ledger.given_up())
        for code in given_up:
            pipe.get(f"{{museum}}t:{code}")
        standing = [
            code
            for code, record in zip(given_up, pipe.execute(), strict=True)
            if record and stamps_in(record)
        ]
    assert not standing, f"{len(standing)} of {len(given_up)} stamps given up on stand"
    slow = [a.took_s for a in ledger.answers if a.took_s > crowd.PATIENCE_S + GRACE_S]
    print(ledger.words(), f"slowest {ledger.slowest_s():.3f} s")
    assert not slow, f"{len(slow)} of {len(ledger.answers)} waited too long: {max(slow)}"
    await crowd.settled(gateway, ledger)
    return ledger


@pytest.mark.parametrize("retries", [0, 3])
async def test_a_frozen_store_keeps_nobody_waiting_and_no_stamp(
    gateway: Gateway, retries: int
) -> None:
    ledger = await frozen_store(gateway, 3, retries)
    assert set(ledger.words()) <= {"granted", "store_unavailable"}


@pytest.mark.soak
@pytest.mark.timeout(180)
@pytest.mark.parametrize("retries", [0, 12])
async def test_a_store_frozen_for_ten_seconds(gateway: Gateway, retries: int) -> None:
    await frozen_store(gateway, 10, retries)


async def without_database(gateway: Gateway, away_s: float) -> crowd.Ledger:
    codes = await crowd.sell(gateway, int(120 * away_s) + 2000)
    load = crowd.Crowd([gateway], codes, rate=100)
    async with load.coming() as ledger:
        await some_scans(load, 50)
        held = await in_thread(hold_database, gateway)
        await asyncio.sleep(away_s)
        assert "database_unavailable" in await in_thread(degraded, gateway)
        assert (await in_thread(gateway.ready))[0] == 200
        for pid in held:
            os.kill(pid, signal.SIGKILL)
        await ready_again(gateway)
        await some_scans(load, 50)
    assert set(ledger.words()) == {"granted"}
    print(ledger.words(), f"slowest {ledger.slowest_s():.3f} s")
    await crowd.settled(gateway, ledger)
    told = "".join(gateway.said)
    assert told.count('"database_down"') == told.count('"database_up"') == 1, told
    return ledger


async def test_ten_seconds_without_the_database_fail_no_scan(gateway: Gateway) -> None:
    await without_database(gateway, 10)


@pytest.mark.soak
@pytest.mark.timeout(240)
async def test_a_minute_without_the_database_fails_no_scan(gateway: Gateway) -> None:
    await without_database(gateway, 60)


async def exits_recorded(gateway: Gateway) -> tuple[int, int]:
    (row,) = await crowd.rows(
        gateway,
        "SELECT count(*) FILTER (WHERE degraded) AS late, count(*) AS all"
        " FROM composteur.scan_event WHERE direction = 'exit'",
    )
    return row["late"], row["all"]


@pytest.mark.parametrize("nonces", [True, False])
async def test_entries_are_told_at_once_and_exits_are_counted_later(
    gateway: Gateway, *, nonces: bool
) -> None:
    codes = await crowd.sell(gateway, 6000)
    load = crowd.Crowd([gateway], codes, exits=2, nonces=nonces, rate=300)
    async with load.coming() as ledger:
        await some_scans(load, 50)
        for _ in range(3):
            await in_thread(kill_child, gateway, "valkey-server")
            await ready_again(gateway)
            await some_scans(load, 100)
    exits = [answer for answer in ledger.answers if answer.direction == "exit"]
    assert {answer.word for answer in exits} == {"granted"}
    late = sum(answer.degraded for answer in exits)
    await crowd.settled(gateway, ledger)
    _, recorded = await exits_recorded(gateway)
    assert recorded == len(exits), (recorded, len(exits), late)


async def test_late_exits_outlive_the_gateway(gateway: Gateway) -> None:
    codes = await crowd.sell(gateway, 300)
    valkey = gateway.child("valkey-server")
    async with crowd.a_client(gateway.key) as client:
        first = await crowd.scan(client, gateway.url, codes[0])
        assert first.word == "granted"
        os.kill(valkey, signal.SIGSTOP)
        answers = await asyncio.gather(
            *(crowd.scan(client, gateway.url, code, direction="exit") for code in codes[:100])
        )
    assert {(answer.word, answer.degraded) for answer in answers} == {("granted", True)}
    await asyncio.sleep(0.3)
    journal = gateway.state_dir / "late-1.journal"
    assert journal.read_bytes().count(b"{") == 100
    os.kill(valkey, signal.SIGKILL)
    await restart(gateway)
    await ready_again(gateway)

    loop = asyncio.get_running_loop()
    ends_at = loop.time() + 10
    while (await exits_recorded(gateway))[0] < 100:
        assert loop.time() < ends_at, await exits_recorded(gateway)
        await asyncio.sleep(0.05)
    assert (await exits_recorded(gateway))[1] == 100
    assert not journal.exists()
    assert "✓" in await in_thread(gateway.run, "verify")


async def test_a_first_start_warns_of_nothing(gateway: Gateway) -> None:
    await asyncio.sleep(1)
    assert [line for line in gateway.said if '"info"' not in line and line.startswith("{")] == []


async def metrics(gateway: Gateway) -> dict[str, float]:
    """Read the figures without labels."""
    async with (
        crowd.a_client(gateway.key) as client,
        client.get(f"{gateway.url}/metrics") as response,
    ):
        lines = (await response.text()).splitlines()
    pairs = (line.split() for line in lines if line and line[0] != "#" and "{" not in line)
    return {name.removeprefix("composteur_"): float(value) for name, value in pairs}


async def test_a_store_that_is_away_is_told_at_once_and_used_a_second_after_its_return(
    make_gateway: Callable[..., Gateway],
) -> None:
    stores = await in_thread(lambda: make_gateway("stores").start().with_key())
    codes = await crowd.sell(stores, 4000)
    real = Path(stores.run_file["redis"].removeprefix("unix://"))
    gateway = await in_thread(lambda: make_gateway("other", settings_of(stores)).start())
    gateway.key = stores.key
    load = crowd.Crowd([gateway], codes, rate=300, exits=4)
    async with load.coming() as ledger:
        await some_scans(load, 50)
        hidden = real.with_name("hidden")
        await in_thread(real.rename, hidden)  # nobody can connect any more; then all are cut off
        with redis.Redis(unix_socket_path=str(hidden)) as store:
            store.client_kill_filter(_type="normal", skipme=True)
        gone_at = time.time()
        await asyncio.sleep(2)
        status, health = await in_thread(gateway.ready)
        figures = await metrics(gateway)
        await in_thread(hidden.rename, real)
        back_at = time.time()
        await some_scans(load, 100)
        await ready_again(gateway)
    assert (status, health["degraded"]) == (503, ["store_unavailable"])
    assert (figures["store_up"], figures["database_up"]) == (0, 1)
    assert figures["late_scans"] > 0
    meanwhile = [a for a in ledger.answers if gone_at + 0.1 < a.at < back_at]
    assert {(a.direction, a.word) for a in meanwhile} == {
        ("entry", "store_unavailable"),
        ("exit", "granted"),
    }
    slowest = max(answer.took_s for answer in meanwhile)
    first = min(a.at for a in ledger.answers if a.at > back_at and a.event is not None)
    print(f"{len(meanwhile)} told, slowest {slowest:.3f} s; used after {first - back_at:.3f} s")
    assert slowest < 0.25
    assert first - back_at < 1
    ends_at = time.monotonic() + 10
    while (await metrics(gateway))["late_scans"]:
        assert time.monotonic() < ends_at
        await asyncio.sleep(0.1)
    figures = await metrics(gateway)
    assert (figures["store_up"], figures["late_scans"]) == (1, 0)
    await crowd.settled(stores, ledger)
    _, recorded = await exits_recorded(stores)
    assert recorded == sum(answer.direction == "exit" for answer in ledger.answers)


async def test_a_store_that_dies_is_told_once_and_so_is_its_return(gateway: Gateway) -> None:
    codes = await crowd.sell(gateway, 3000)
    load = crowd.Crowd([gateway], codes, rate=300)
    valkey = gateway.child("valkey-server")
    async with load.coming():
        await some_scans(load, 50)
        os.kill(valkey, signal.SIGSTOP)
        await asyncio.sleep(3)
        status, health = await in_thread(gateway.ready)
        assert (status, health["degraded"]) == (503, ["store_unavailable"])
        os.kill(valkey, signal.SIGKILL)
        await ready_again(gateway)
        await some_scans(load, 50)
    told = "".join(gateway.said)
    assert told.count('"store_down"') == told.count('"store_up"') == 1, told


async def test_what_no_gateway_settled_is_settled_by_another(
    make_gateway: Callable[..., Gateway],
) -> None:
    site = PASSAGES
    first = await in_thread(lambda: make_gateway("first", site).start().with_key())
    other = await in_thread(lambda: make_gateway("other", settings_of(first, site)).start())
    other.key = first.key
    codes = await crowd.sell(first, 20)
    async with crowd.a_client(first.key) as client:
        answers = [
            await crowd.scan(client, other.url, code, reader=f"gate-{turn}")
            for turn, code in enumerate(codes)
        ]
    assert {answer.word for answer in answers} == {"granted"}
    await in_thread(other.kill)
    assert await crowd.until(lambda: not still_reserved(first), within_s=15)
    states = await settled_states(first)
    assert {made for made, _ in states.values()} == {0}

    late = answers[0]
    status, settled = await in_thread(first.ask, "POST", f"/v1/scans/{late.event}/passage", {})
    assert status == 200
    assert "✓" in await in_thread(first.run, "verify")
    (row,) = await crowd.rows(
        first,
        "SELECT kind, conflict_with FROM composteur.scan_event WHERE event_id = $1",
        settled["event"],
    )
    assert row["kind"] == "passage"
    assert row["conflict_with"]
    assert (await settled_states(first))[late.code][0] == 1


async def test_a_rebuilt_store_settles_what_its_stream_has_not(
    make_gateway: Callable[..., Gateway],
) -> None:
    gateway = await in_thread(lambda: make_gateway("first", PASSAGES).start().with_key())
    codes = await crowd.sell(gateway, 20)
    async with crowd.a_client(gateway.key) as client:
        for turn, code in enumerate(codes):
            await crowd.scan(client, gateway.url, code, reader=f"gate-{turn}")
    assert "✓" in await in_thread(gateway.run, "verify")
    with redis.Redis.from_url(gateway.run_file["redis"]) as store:
        store.flushall()
    await rebuilt(gateway, 2)
    assert len(still_reserved(gateway)) == 20
    _, spaces = await in_thread(gateway.ask, "GET", "/v1/spaces")
    assert spaces["items"][0]["reserved"] == 20

    await crowd.until(lambda: not still_reserved(gateway), within_s=15)

    assert "✓" in await in_thread(gateway.run, "verify")
    assert {made for made, _ in (await settled_states(gateway)).values()} == {0}
    _, spaces = await in_thread(gateway.ask, "GET", "/v1/spaces")
    assert (spaces["items"][0]["reserved"], spaces["items"][0]["inside"]) == (0, 0)
    assert "overdue_grant_gone" not in "".join(gateway.said)


async def rebuilt(gateway: Gateway, epoch: int, within_s: float = 20) -> float:
    """Wait until the store is of an epoch and ready; tell how long it took."""
    with redis.Redis.from_url(gateway.run_file["redis"]) as store:

        def there() -> bool:
            try:
                found = store.hmget("{museum}meta", "epoch", PHASE)
            except redis.RedisError:
                return False
            return bool(found == [str(epoch).encode(), b"ready"])

        took_s = await crowd.until(there, within_s=within_s, what="the rebuild")
    await ready_again(gateway)
    return took_s


async def streamed(gateway: Gateway) -> None:
    """Wait until the database has all that has happened so far."""
    await in_thread(gateway.run, "verify")


async def test_a_store_emptied_under_load_calls_no_ticket_unknown(gateway: Gateway) -> None:
    used = await crowd.sell(gateway, 500, prefix="U9")
    fresh = await crowd.sell(gateway, 8000)
    async with crowd.a_client(gateway.key) as client:
        answers = [
            await asyncio.gather(
                *(crowd.scan(client, gateway.url, code) for code in used[start : start + 50])
            )
            for start in range(0, 500, 50)
        ]
    assert {answer.word for part in answers for answer in part} == {"granted"}
    gone = await crowd.sell(gateway, 1, prefix="D9")
    assert (await in_thread(gateway.ask, "POST", f"/v1/tickets/{gone[0]}/destroy", {}))[0] == 200
    await streamed(gateway)
    load = crowd.Crowd([gateway], fresh, rate=200)
    again = crowd.Crowd([gateway], [code for _ in range(20) for code in [*used, *gone]], rate=200)
    changed: list[str] = []
    async with load.coming() as ledger, again.coming() as told:
        for epoch in (2, 3, 4):
            await some_scans(load, 50)
            with redis.Redis.from_url(gateway.run_file["redis"]) as store:
                store.flushall()
            changed += await crowd.sell(gateway, 50, prefix=f"C{epoch}9")  # while it is rebuilt
            print("rebuilt in", await rebuilt(gateway, epoch))
        await some_scans(load, 50)
    assert set(ledger.words()) <= {"granted", "store_unavailable"}, ledger.words()
    assert set(told.words()) <= {"no_stamps_left", "store_unavailable", "destroyed"}, told.words()
    assert told.words()["no_stamps_left"] > 100
    print(ledger.words(), told.words())
    verdict = await in_thread(gateway.run, "verify")
    assert "✓" in verdict, verdict
    async with crowd.a_client(gateway.key) as client:
        for code in changed:
            assert (await crowd.scan(client, gateway.url, code)).word == "granted"
        for code in used[:50]:
            assert (await crowd.scan(client, gateway.url, code)).word == "no_stamps_left"
        assert (await crowd.scan(client, gateway.url, gone[0])).word == "destroyed"


@pytest.mark.parametrize("victim", ["gateway", "valkey-server", "postgres"])
async def test_an_interrupted_rebuild_goes_on(gateway: Gateway, victim: str) -> None:
    codes = await crowd.sell(gateway, 40_000)
    async with crowd.a_client(gateway.key) as client:
        for code in codes[:100]:
            assert (await crowd.scan(client, gateway.url, code)).word == "granted"
    await streamed(gateway)
    load = crowd.Crowd([gateway], codes[1000:], rate=100, retries=3)
    again = crowd.Crowd([gateway], codes[:100] * 50, rate=50)
    async with load.coming(), again.coming():
        with redis.Redis.from_url(gateway.run_file["redis"]) as store:
            store.flushall()
            await crowd.until(lambda: bool(store.hexists("{museum}meta", "epoch")), what="begin")
        await asyncio.sleep(MOMENTS.uniform(0.0, 0.4))
        if victim == "gateway":
            await restart(gateway)
        else:
            await in_thread(kill_child, gateway, victim)
            await asyncio.sleep(0.1)
        await ready_again(gateway, 30)
        await some_scans(load, 50)
    words = again.ledger.words()
    assert set(words) <= {"no_stamps_left", "store_unavailable", "no_answer"}, words
    words = load.ledger.words()
    assert set(words) <= {"granted", "store_unavailable", "no_answer"}, words
    verdict = await in_thread(gateway.run, "verify")
    assert "✓" in verdict, verdict
    _, spaces = await in_thread(gateway.ask, "GET", "/v1/spaces")
    print(spaces["items"], words)


async def test_a_store_gone_back_in_time_is_put_right_before_it_decides(gateway: Gateway) -> None:
    codes = await crowd.sell(gateway, 3000)
    async with crowd.a_client(gateway.key) as client:
        for code in codes[:20]:
            assert (await crowd.scan(client, gateway.url, code)).word == "granted"
    await streamed(gateway)
    folder = data_folder(gateway)
    await in_thread(gateway.stop)
    old = gateway.folder / "old"
    shutil.copytree(folder, old)
    await in_thread(gateway.start)
    await ready_again(gateway)
    load = crowd.Crowd([gateway], codes[20:1000], rate=300)
    async with load.coming() as ledger:
        await some_scans(load, 300)
    await crowd.settled(gateway, ledger)
    await in_thread(gateway.stop)
    owner = folder.stat()
    shutil.rmtree(folder)
    shutil.copytree(old, folder)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)

    starting = asyncio.create_task(in_thread(gateway.start), name="start")
    again = crowd.Crowd([gateway], list(ledger.granted()) * 20, rate=600)
    await starting
    async with again.coming():
        await rebuilt(gateway, 2)
        await asyncio.sleep(1)
    assert set(again.ledger.words()) <= {"no_stamps_left", "store_unavailable"}
    assert again.ledger.words()["no_stamps_left"] > 100
    await crowd.settled(gateway, ledger)


def data_folder(gateway: Gateway) -> Path:
    """Ask Valkey where it keeps its data."""
    with redis.Redis.from_url(gateway.run_file["redis"]) as store:
        found: dict[bytes, bytes] = store.config_get("dir")
    (folder,) = found.values()
    return Path(os.fsdecode(folder))


PASSAGES = """
[site]
id = "museum"
timezone = "Europe/Paris"

[stores]
state_dir = "state"

[http]
port = 0

[[space]]
id = "hall"
name = "Hall"

[[controller]]
id = "gates"
driver = "http"
""" + "".join(
    f"""
[[equipment]]
id = "gate-{number}"
kind = "turnstile"
space = "hall"
direction = "both"
controller = "gates"
count_on = "passage"
open_s = 1
passage_s = 5
"""
    for number in range(20)
)


def still_reserved(gateway: Gateway) -> list[bytes]:
    with redis.Redis.from_url(gateway.run_file["redis"]) as store:
        found: list[bytes] = store.zrange("{museum}open", 0, -1)
        return found


async def settled_states(gateway: Gateway) -> dict[str, tuple[int, str | None]]:
    await asyncio.sleep(0.5)
    found = await crowd.rows(gateway, "SELECT code, made, inside FROM composteur.ticket_state")
    return {row["code"]: (row["made"], row["inside"]) for row in found}


def below(gateway: Gateway) -> dict[int, str]:
    """Return the processes of a gateway."""
    return descendants(gateway.pid)
