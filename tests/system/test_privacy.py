"""After a purge no code and no name of a visitor is found anywhere; in logs never."""

import asyncio
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import asyncpg
import pytest
import redis

from gateway.embedded import programs
from tests.system.gateways import SITE, Gateway, new_code, until

NAMES = ("Lovelace", "Byron")
AGED = """
    SELECT composteur.make_scan_event_partition(now() - interval '200 days');
    UPDATE composteur.scan_event SET at = at - interval '200 days';
    UPDATE composteur.attendance SET minute = minute - interval '200 days';
    UPDATE composteur.ticket_state SET moved_at = moved_at - interval '200 days';
    UPDATE composteur.ticket SET valid_until = valid_until - interval '200 days';
    ALTER TABLE composteur.audit DISABLE TRIGGER ALL;
    DELETE FROM composteur.audit; DELETE FROM composteur.audit_head;
    ALTER TABLE composteur.audit ENABLE TRIGGER ALL;
"""


@pytest.fixture
def venue(make_gateway: Callable[..., Gateway]) -> Gateway:
    """A venue that keeps as little as it may."""
    keeps = "\n[retention]\nscans_days = 35\npseudonymised_months = 2\ntickets_days = 35\n"
    return make_gateway(site=SITE + keeps).start().with_key()


def sell(venue: Gateway, code: str, sold: dict[str, str]) -> bool:
    """Sell a ticket; a database that is slow to answer is asked again, as a seller does."""
    status: int = venue.ask("PUT", f"/v1/tickets/{code}", sold)[0]
    assert status in {200, 503}
    return status == 200


def a_day(venue: Gateway) -> list[str]:
    """Sell, stamp, refuse, take back, destroy; and have the database and the gateway complain."""
    codes = [new_code() for _ in range(6)]
    tomorrow = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() + 86_400))
    venue.ask("PUT", "/v1/tickets/NONE", {"product": "no such product"})
    asyncio.run(run(venue, "INSERT INTO composteur.product (id) VALUES ('day')"))
    for code in codes:
        sold = {
            "product": "day",
            "holder": "Ada Lovelace",
            "payer": "Byron",
            "valid_until": tomorrow,
        }
        until(partial(sell, venue, code, sold), what="the sale")
        assert venue.decide(code) == "granted"
        assert venue.decide(code) == "no_stamps_left"
    venue.ask("POST", f"/v1/tickets/{codes[0]}/undo", {"reason": "Ada Lovelace asked"})
    venue.ask("POST", f"/v1/tickets/{codes[1]}/destroy", {"reason": "Ada Lovelace asked"})
    wrong = {"product": "day", "holder": "Lovelace" * 100, "payer": "Byron"}
    assert venue.ask("PUT", f"/v1/tickets/{codes[2]}", wrong)[0] == 422
    with pytest.raises(asyncpg.PostgresError):
        asyncio.run(
            run(
                venue,
                "INSERT INTO composteur.ticket (code, product, holder, persons)"
                f" VALUES ('{codes[3]}', 'day', 'Ada Lovelace', -1)",
            )
        )
    assert venue.run("verify").startswith("verify: store = events = attendance")
    return codes


async def run(venue: Gateway, statement: str) -> None:
    connection = await asyncpg.connect(venue.run_file["postgres"])
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def everything(venue: Gateway) -> dict[str, str]:
    """All that is kept: the database as a backup has it, the store with its streams, the logs."""
    addresses = venue.run_file
    pg_dump = programs.postgres_tool("pg_dump")
    dumped = subprocess.run(
        [str(pg_dump), addresses["postgres"]], capture_output=True, text=True, check=True
    )
    with redis.Redis.from_url(addresses["redis"], decode_responses=False) as store:
        kept = []
        for key in store.scan_iter():
            kind = store.type(key).decode()
            kept.append(repr((key, store.xrange(key) if kind == "stream" else store.dump(key))))
    home = Path(venue.state_dir)
    files = {
        str(path): path.read_text(errors="replace")
        for path in home.rglob("*")
        if path.is_file() and (path.suffix in {".log", ".json", ".jsonl"} or "late" in path.name)
    }
    return {
        "dump": dumped.stdout,
        "store": "\n".join(kept),
        "log": "".join(venue.said),
        **files,
    }


def found_in(venue: Gateway, words: list[str]) -> dict[str, list[str]]:
    return {
        where: [word for word in words if word in text]
        for where, text in everything(venue).items()
        if any(word in text for word in words)
    }


def test_codes_and_names_are_in_no_log_and_nowhere_after_a_purge(venue: Gateway) -> None:
    codes = a_day(venue)
    before = found_in(venue, [*codes, *NAMES])
    assert set(before) == {"dump", "store"}  # no log, no other file

    asyncio.run(run(venue, AGED))
    forget_stream(venue)
    told = venue.run("privacy", "purge")

    assert "pseudonymised: 14" in told
    assert "tickets: 6" in told
    venue.decide(new_code())  # the stream's last event is a stranger's
    until(lambda: forget_stream(venue) == 1, what="the stream")
    until(lambda: found_in(venue, [*codes, *NAMES]) == {}, what="the store")
    assert venue.run("verify").startswith("verify: store = events = attendance")


def forget_stream(venue: Gateway) -> int:
    """Trim the stream up to its last event, as ten minutes do; return how many are left."""
    with redis.Redis.from_url(venue.run_file["redis"]) as store:
        last = store.xrevrange("{museum}events", count=1)[0][0]
        store.xtrim("{museum}events", minid=last, approximate=False)
        return int(store.xlen("{museum}events"))
