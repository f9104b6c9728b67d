"""The demonstration's keys: made once, kept in its own folder, made again when they are refused."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from gateway.demo.child import run_command
from gateway.errors import ComposteurError

NAME = "keys.json"
ADMIN = "demo-admin"


class DemoFailed(ComposteurError):
    """The demonstration cannot go on."""


class Keys:
    """Keys by name; `admin` makes the others, over HTTP."""

    def __init__(self, http: aiohttp.ClientSession, site_file: Path) -> None:
        self._http = http
        self._site_file = site_file
        self._path = site_file.parent / NAME
        self._known: dict[str, str] = {}

    async def load(self) -> None:
        """Read the keys of an earlier run; without a valid one begin anew."""
        if self._path.exists():
            self._known = msgspec.json.decode(self._path.read_bytes(), type=dict[str, str])
        if ADMIN in self._known:
            async with self._http.get("/v1/keys", headers=self.bearing(ADMIN)) as response:
                if response.status == 200:  # noqa: PLR2004  # OK, as everywhere
                    return
        self._known = {ADMIN: await self._make_admin()}
        self._keep()

    async def _make_admin(self) -> str:
        """Make the admin's key; one whose secret was lost may be the last, and goes only after."""
        site = ("--site", str(self._site_file))
        create = ("key", "create", *site, "--role", "admin", "--name")
        status, said = await run_command(*create, ADMIN)
        if status:
            status, said = await run_command(*create, f"{ADMIN}-{secrets.token_hex(4)}")
            await run_command("key", "revoke", *site, ADMIN)
        if status:
            raise DemoFailed(f"No key could be made: {said}")
        return said.splitlines()[-1]

    async def make(self, readers: Iterable[str]) -> None:
        """Make the keys of readers that have none, and keep all of them."""
        for reader in readers:
            if reader not in self._known:
                self._known[reader] = await self._create(reader, "scanner", reader)
        self._keep()

    async def make_operator(self, name: str, reader: str) -> None:
        """Make the key of an operator who scans at a reader, if there is none."""
        if name not in self._known:
            self._known[name] = await self._create(name, "operator", reader)
            self._keep()

    def _keep(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(self._known))

    def __getitem__(self, name: str) -> str:
        """Return a key."""
        return self._known[name]

    def bearing(self, name: str) -> dict[str, str]:
        """Return the header that presents a key."""
        return {"Authorization": f"Bearer {self._known[name]}"}

    async def _create(self, name: str, role: str, reader: str) -> str:
        body = {"name": name, "role": role, "reader": reader}
        admin = self.bearing(ADMIN)
        answer: dict[str, Any] = {}
        for _ in range(2):
            async with self._http.post("/v1/keys", json=body, headers=admin) as response:
                answer = await response.json(content_type=None)
            if response.status != 409:  # noqa: PLR2004  # taken: one whose secret is lost
                break
            async with self._http.delete(f"/v1/keys/{name}", headers=admin):
                pass
        if "key" not in answer:
            raise DemoFailed(f"No key for {name}: {answer.get('detail') or answer}")
        return str(answer["key"])
