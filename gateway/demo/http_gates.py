"""Gates without a broker: scans over one WebSocket each, passages and annulments over HTTP.

Such a gate opens by the answer to its own scan; nobody can call it. It cannot tell either who has
pushed through without a ticket: a steward has seen it, and counts them in.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import aiohttp
import msgspec

from drivers.mqtt.simulator import Behaviour, Visit
from drivers.signals import Direction, Mode
from gateway.demo import museum
from gateway.demo.gates import DOOR_WALK_S, Gate

AGAIN_S = 0.25
PATIENCE_S = 3.0
ATTEMPTS = 5
DIRECTIONS: tuple[Direction, ...] = ("entry", "exit")
DONE = 200
NOT_POSSIBLE = 409


class HttpGate:
    """One gate with a key of its own."""

    def __init__(
        self, gate: museum.Gate, http: aiohttp.ClientSession, key: str, steward: str
    ) -> None:
        self.id = gate.id
        self._space = gate.space
        self.modes: dict[Direction, Mode] = dict.fromkeys(DIRECTIONS, "normal")
        self.counters: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
        self.up = asyncio.Event()
        self._walk_s = DOOR_WALK_S if gate.kind == "door" else museum.WALK_S
        self._http = http
        self._bearing = {"Authorization": f"Bearer {key}"}
        self._steward = {"Authorization": f"Bearer {steward}"}
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._one_by_one = asyncio.Lock()

    # --- life

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Be there until the end of the block."""
        task = asyncio.create_task(self._run(), name=f"gate-{self.id}")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))

    async def _run(self) -> None:
        while True:
            with suppress(aiohttp.ClientError):
                await self._listen()
            self.up.clear()
            await asyncio.sleep(AGAIN_S)

    async def _listen(self) -> None:
        async with self._http.ws_connect("/v1/stream", headers=self._bearing) as socket:
            self._socket = socket
            self.up.set()
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    answer = msgspec.json.decode(message.data)
                    waiting = self._waiting.pop(answer["nonce"], None)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(answer)

    # --- people

    async def walk_through(self, direction: Direction) -> None:
        """Let a person through unasked; nobody sets this gate free."""
        await asyncio.sleep(self._walk_s)
        self.counters[direction] += 1

    async def visit(
        self, code: str, direction: Direction = "entry", *, does: Behaviour = Behaviour.PASS
    ) -> Visit:
        """Send a person to the gate; who comes next waits until they are through or gone."""
        async with self._one_by_one:
            if does is Behaviour.FORCE:
                return await self._force(code, direction)
            since = asyncio.get_running_loop().time()
            answer = await self._ask(code, direction)
            waited_ms = (asyncio.get_running_loop().time() - since) * 1000
            if answer is None or "decision" not in answer:
                return Visit(code, "unanswered", waited_ms=waited_ms)
            if answer["decision"] == "denied":
                return Visit(code, "refused", answer["reason"], waited_ms)
            outcome = await self._walk(answer, direction, does)
            return Visit(code, outcome, waited_ms=waited_ms)

    async def _force(self, code: str, direction: Direction) -> Visit:
        await asyncio.sleep(self._walk_s)
        self.counters[direction] += 1
        counted = {"direction": direction, "persons": 1, "reason": f"pushed through {self.id}"}
        await self._post(f"/v1/spaces/{self._space}/count", counted, self._steward)
        return Visit(code, "forced")

    async def _ask(self, code: str, direction: Direction) -> dict[str, Any] | None:
        nonce = secrets.token_hex(8)
        request = {"code": code, "direction": direction, "nonce": nonce}
        waiting = self._waiting[nonce] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self.up.wait()
                assert self._socket is not None  # noqa: S101  # it is up
                await self._socket.send_json(request)
                answer: dict[str, Any] = await waiting
                return answer
        except (TimeoutError, ConnectionError):
            return None
        finally:
            self._waiting.pop(nonce, None)

    async def _walk(self, answer: dict[str, Any], direction: Direction, does: Behaviour) -> str:
        """Go through, or do not, and tell the gateway what has become of the grant."""
        event = answer["event"]
        if does is Behaviour.GIVE_UP:
            await asyncio.sleep(museum.HOLD_S)
            await self._settle(event, "annul", {})
            return "gave_up"
        ticket = answer["ticket"]
        persons = 1 if ticket is None else ticket["persons"]
        persons += does is Behaviour.TAILGATE
        await asyncio.sleep(self._walk_s * persons)
        self.counters[direction] += persons
        await self._settle(event, "passage", {"persons": persons})
        return "passed"

    async def _settle(self, event: str | None, how: str, body: dict[str, Any]) -> None:
        if event is not None:  # else let out while the store was silent, or while all is free
            await self._post(f"/v1/scans/{event}/{how}", body, self._bearing)

    async def _post(self, path: str, body: dict[str, Any], bearing: Mapping[str, str]) -> None:
        """Tell the gateway something, again if need be: under its key it happens once."""
        headers = {**bearing, "Idempotency-Key": secrets.token_hex(8)}
        for attempt in range(ATTEMPTS):
            await asyncio.sleep(AGAIN_S * attempt)
            with suppress(aiohttp.ClientError, TimeoutError):
                async with self._http.post(path, json=body, headers=headers) as response:
                    if response.status in {DONE, NOT_POSSIBLE}:
                        return


@asynccontextmanager
async def over_http(
    http: aiohttp.ClientSession, keys: Mapping[museum.Gate, str], steward: str
) -> AsyncIterator[Mapping[str, Gate]]:
    """Connect gates to the gateway itself until the end of the block."""
    async with AsyncExitStack() as stack:
        made = {gate.id: HttpGate(gate, http, key, steward) for gate, key in keys.items()}
        for one in made.values():
            await stack.enter_async_context(one.running())
        yield made
