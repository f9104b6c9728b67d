"""Prove the audit: read its chain, and hold it against ends that were written down elsewhere.

Who can write into the database can make a whole new chain. So the first process of a gateway writes
its end, after each act that was added, into the entitlement store and into ``state_dir``; a chain
that is shorter, or another, is found by them. An end noted on paper does as well.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
from redis.exceptions import RedisError

from gateway.central.connection import Central
from gateway.entitlements.admin import StoreAdmin
from gateway.people.chain import Anchor, Chain, Link

AT_ONCE: Final = 2_000
STORED: Final = "audit_anchor"


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What was found."""

    acts: int
    redacted: int
    head: Anchor | None
    anchors: int
    differing: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether the chain is whole."""
        return not self.differing

    def lines(self) -> Iterator[str]:
        """Say it."""
        if self.clean:
            told = f"{self.acts:,} acts, {self.redacted:,} redacted, {self.anchors} anchors"
            yield f"audit: the chain is whole ✓  ({told})"
        else:
            yield f"audit: {len(self.differing)} differences ✗"
            yield from self.differing
        if self.head is not None:
            yield f"its end, to be noted: {self.head.text()}"


class Anchors:
    """Where the end of the chain is written down: in the store, and in a file beside it.

    Args:
        admin: the entitlement store.
        file: in ``state_dir``.
    """

    def __init__(self, admin: StoreAdmin, file: Path) -> None:
        self._admin = admin
        self._file = file
        self._written: str | None = None

    async def read(self) -> list[Anchor]:
        """Return the ends that were written down."""
        texts: list[str] = []
        with suppress(OSError):
            texts.append(await asyncio.to_thread(self._file.read_text))
        with suppress(RedisError, OSError):
            stored = await self._admin.client.get(self._admin.key(STORED))
            texts += [stored.decode()] if stored else []
        found: list[Anchor] = []
        for text in texts:
            with suppress(ValueError):
                found.append(Anchor.parse(text))
        return found

    async def write(self, central: Central) -> None:
        """Write the end down as it is now; a failing disk or store is no reason to stop.

        Raises:
            DatabaseUnavailable: the database does not answer.
        """
        head = await head_of(central, self._admin.site)
        if head is None or head.text() == self._written:
            return
        # Never back: a chain that was cut off must not take its anchor with it.
        if any(known.seq > head.seq for known in await self.read()):
            return
        with suppress(OSError):
            await asyncio.to_thread(_replace, self._file, head.text())
        with suppress(RedisError, OSError):
            await self._admin.client.set(self._admin.key(STORED), head.text())
        self._written = head.text()


async def head_of(central: Central, site: str) -> Anchor | None:
    """Return the end of a site's chain; ``None``: nobody has done anything yet."""
    row = await central.fetchrow("audit.head", site)
    return None if row is None else Anchor(row["seq"], row["hash"].hex())


async def prove_audit(central: Central, site: str, anchors: Iterable[Anchor] = ()) -> AuditVerdict:
    """Walk through the whole chain.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    known = list(anchors)
    chain = Chain()
    chain.expect(known)
    async with (
        central.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        row = await connection.fetchrow(central.queries["audit.head"], site)
        head = None if row is None else Anchor(row["seq"], row["hash"].hex())
        after = 0
        while True:
            rows = await connection.fetch(central.queries["audit.links"], site, after, AT_ONCE)
            for each in rows:
                chain.take(
                    Link(
                        each["seq"],
                        each["id"],
                        each["what"],
                        each["words"],
                        each["salt"],
                        each["seal"],
                        each["hash"],
                        orjson.loads(each["details"]),
                    )
                )
            if len(rows) < AT_ONCE:
                break
            after = rows[-1]["seq"]
    return AuditVerdict(chain.acts, chain.redacted, head, len(known), tuple(chain.verdict(head)))


def _replace(file: Path, text: str) -> None:
    beside = file.with_name(file.name + ".new")
    beside.write_text(text + "\n")
    beside.replace(file)
