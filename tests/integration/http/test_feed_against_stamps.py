"""Whatever sellers, gates, feed and streamer do in whatever order: stamps stay, destroyed stays."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.central.feed import Feed
from gateway.central.streamer import Streamer
from tests.integration.http.conftest import SITE, House
from tests.integration.http.test_contract import ask

UPDATES = (
    "persons = 1 + persons % 3",
    "status = 'cancelled'",
    "status = 'active'",
    "holder = 'Ada'",
    "product = 'day'",
    "product = 'five'",
    "destroyed_at = NULL",
    "windows = NULL, valid_until = NULL",
)
AGREED = """
SELECT coalesce((SELECT sum(counted_stamps) FROM composteur.scan_event WHERE ticket_code = $1), 0),
       coalesce((SELECT made FROM composteur.ticket_state WHERE code = $1), 0),
       EXISTS (SELECT FROM composteur.ticket_state WHERE code = $1 AND destroyed_at IS NOT NULL)
           OR EXISTS (SELECT FROM composteur.ticket WHERE code = $1 AND destroyed_at IS NOT NULL)
"""
_codes = count(1)


class _Play:
    """One ticket, those who act on it, and what must be true of it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.code = f"PLAY{next(_codes)}"
        self.feed = Feed(house.central, house.admin, SITE)
        self.stamped: list[str] = []
        self.undone = 0
        self.destroyed_at: str | None = None
        self.done: list[str] = []

    # --- what may happen

    async def sell(self) -> None:
        await self._sql(
            "INSERT INTO composteur.ticket (code, product) VALUES ($1, 'five')"
            " ON CONFLICT DO NOTHING"
        )

    async def update(self, columns: str) -> None:
        await self._sql(f"UPDATE composteur.ticket SET {columns} WHERE code = $1")

    async def delete(self) -> None:
        await self._sql("DELETE FROM composteur.ticket WHERE code = $1")

    async def seller_destroys(self) -> None:
        await self.update("destroyed_at = coalesce(destroyed_at, now())")

    async def push(self) -> None:
        status, _ = await ask(
            self.house, "PUT", f"/v1/tickets/{self.code}", body={"product": "five", "persons": 2}
        )
        assert status == 200

    async def fed(self) -> None:
        await self.feed.catch_up()

    async def scan(self) -> None:
        status, answer = await ask(self.house, "POST", "/v1/scans", "door", {"code": self.code})
        assert status == 200
        if answer["decision"] == "granted" and answer["ticket"]["stamps"]["made"] > self.made:
            self.stamped.append(answer["event"])
        assert not (self.destroyed_at and answer["decision"] == "granted")

    async def undo(self) -> None:
        body = {"event": self.stamped[-1]} if self.stamped else None
        status, act = await ask(
            self.house, "POST", f"/v1/tickets/{self.code}/undo", "operator", body
        )
        if status == 200:
            given_back = self.made - act["ticket"]["stamps"]["made"]
            assert given_back in {0, 1}  # none where others have come in on the same stamp
            self.undone += given_back

    async def gate_destroys(self) -> None:
        path = f"/v1/tickets/{self.code}/destroy"
        status, act = await ask(self.house, "POST", path, "operator")
        if status == 200:
            self.destroyed_at = self.destroyed_at or act["ticket"]["destroyed_at"]

    # --- what must be true

    @property
    def made(self) -> int:
        return len(self.stamped) - self.undone

    async def look(self) -> None:
        status, ticket = await ask(self.house, "GET", f"/v1/tickets/{self.code}")
        if status == 404:
            assert not self.stamped
            return
        assert ticket["stamps"]["made"] == self.made
        if self.destroyed_at is not None:
            assert ticket["destroyed_at"] == self.destroyed_at
        self.destroyed_at = ticket["destroyed_at"]

    async def _sql(self, statement: str) -> None:
        async with self.house.central.acquire() as connection:
            await connection.execute(statement, self.code)


type Act = Callable[[_Play], Awaitable[None]]

ACTS = st.sampled_from(
    [
        *[_Play.scan] * 6,
        *[_Play.undo, _Play.fed] * 2,
        *[_Play.sell, _Play.delete, _Play.push, _Play.seller_destroys, _Play.gate_destroys],
        *(partial(_Play.update, columns=columns) for columns in UPDATES),
    ]
)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts=st.lists(ACTS, min_size=10, max_size=40))
async def test_no_update_wipes_a_stamp_or_revives_a_destroyed_ticket(
    house: House, streaming: Streamer, acts: list[Act]
) -> None:
    play = _Play(house)
    await play.sell()
    await play.fed()
    for act in acts:
        play.done.append(_name(act))
        await act(play)
        await play.look()

    await play.sell()  # again, where it was deleted
    await play.fed()
    await play.look()
    await _agree(play)


async def _agree(play: _Play) -> None:
    """Wait until the database says of stamps and destruction what the store says."""
    wanted = (play.made, play.made, play.destroyed_at is not None)
    ends_at = time.monotonic() + 5
    async with play.house.central.acquire() as sql:
        while (found := tuple(await sql.fetchrow(AGREED, play.code) or ())) != wanted:
            assert time.monotonic() < ends_at, f"{found} {wanted} {'; '.join(play.done)}"
            await asyncio.sleep(0.02)


def _name(act: Act) -> str:
    return str(act.keywords["columns"]) if isinstance(act, partial) else act.__name__
