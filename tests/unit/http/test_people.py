"""Limits, keys and names of requests by themselves."""

from typing import override

import pytest

from gateway.errors import StoreUnavailable
from gateway.people.desk import KeyDesk
from gateway.people.idempotency import Different, Idempotency, Kept, Running, fingerprint
from gateway.people.identity import Key, digest
from gateway.people.keyring import Keyring
from gateway.people.limits import Attempts, TokenBucket
from gateway.people.roles import Role
from tests.unit.http.doubles import FakeRows, FakeShelf


def test_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    bucket = TokenBucket(rate=100, burst=200, now=0)

    at_once = sum(bucket.take(0.0) == 0 for _ in range(250))
    in_a_second = sum(bucket.take(0.001 * moment) == 0 for moment in range(1, 1001))

    assert at_once == 200
    assert 99 <= in_a_second <= 100


def test_bucket_tells_when_to_return() -> None:
    bucket = TokenBucket(rate=20, burst=1, now=0)
    bucket.take(0)

    assert bucket.take(0) == pytest.approx(0.05)
    assert bucket.take(0.05) == 0


def test_attempts_are_limited_by_address_for_a_while() -> None:
    attempts = Attempts(limit=3, window_s=60)
    for _ in range(3):
        attempts.failed("a", 10)

    assert attempts.wait_s("a", 20) == 50
    assert attempts.wait_s("b", 20) == 0
    assert attempts.wait_s("a", 70) == 0


def test_attempts_remember_a_bounded_number_of_addresses() -> None:
    attempts = Attempts(limit=1, addresses=2)
    for address in ("a", "b", "c"):
        attempts.failed(address, 0)

    assert [attempts.wait_s(address, 1) > 0 for address in ("a", "b", "c")] == [False, True, True]


def test_roles_include_those_before_them() -> None:
    assert [role.rank for role in Role] == [0, 1, 2, 3]


async def test_mirror_puts_the_store_right() -> None:
    rows, shelf = FakeRows([Key("a", Role.ADMIN, digest("a"))]), FakeShelf()
    shelf.keys["gone"] = b"{}"

    await KeyDesk(rows, shelf, lambda: 0).mirror()
    version = shelf.version
    await KeyDesk(rows, shelf, lambda: 0).mirror()

    assert set(shelf.keys) == {digest("a")}
    assert shelf.version == version == 1


async def test_unknown_keys_do_not_reach_the_database_more_than_once_a_second() -> None:
    class Counted(FakeRows):
        asked = 0

        @override
        async def keys(self) -> list[Key]:
            self.asked += 1
            return await super().keys()

    rows, now = Counted(), 100.0
    keyring = Keyring(FakeShelf(), rows, lambda: now)
    for number in range(50):
        assert await keyring.resolve(f"Bearer guess-{number}") is None

    assert rows.asked == 1


async def test_a_store_that_lost_its_keys_refuses_nobody_while_the_database_is_away() -> None:
    class Flushed(FakeShelf):
        @override
        async def keys_version(self) -> bytes | None:
            return None

    with pytest.raises(StoreUnavailable):
        await Keyring(Flushed(), FakeRows(silent=True), lambda: 0.0).resolve("Bearer somebody")
    assert (
        await Keyring(FakeShelf(), FakeRows(silent=True), lambda: 0.0).resolve("Bearer x") is None
    )


async def test_name_of_a_failed_request_is_free_again() -> None:
    names, mark = Idempotency(FakeShelf()), fingerprint("POST", "/x", b"1")

    assert await names.begin("me", "k", mark) is None
    with pytest.raises(Running):
        await names.begin("me", "k", mark)
    with pytest.raises(Different):
        await names.begin("me", "k", fingerprint("POST", "/x", b"2"))
    await names.release("me", "k")
    assert await names.begin("me", "k", mark) is None
    await names.finish("me", "k", mark, Kept(200, "application/json", b"{}"))

    assert await names.begin("me", "k", mark) == Kept(200, "application/json", b"{}")
    assert await names.begin("another", "k", mark) is None
